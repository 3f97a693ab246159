import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DEMO_MODEL, demoDocuments, temporaryFolder, writeJsonl } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function touchstone(args: readonly string[], cwd: string): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd });
}

describe('touchstone score --reuse', () => {
  it('scores on the second night what is new, says so, and leaves what a fresh run would leave', () => {
    const folder = temporaryFolder();
    const documents = demoDocuments(44);
    writeFileSync(join(folder, 'nightly.yaml'), `corpus: { paths: corpus.jsonl, unitBytes: 5000 }\nmodel: { path: ${JSON.stringify(DEMO_MODEL)} }\noutput: { run: fresh, stats: [entropy] }\n`);
    writeJsonl(join(folder, 'corpus.jsonl'), documents.slice(0, 40));
    expect(touchstone(['score', 'nightly.yaml', '--out', 'monday', '--quiet'], folder).status).toBe(0);

    writeJsonl(join(folder, 'corpus.jsonl'), [...documents.slice(4, 20), { ...documents[20]!, text: 'Written anew.' }, ...documents.slice(21)]);
    const tuesday = touchstone(['score', 'nightly.yaml', '--out', 'tuesday', '--reuse', 'monday'], folder);
    expect(tuesday.stderr).not.toContain('note:');
    expect(tuesday.status).toBe(0);
    expect(tuesday.stdout).toMatch(/reused {5}35 documents, \d+ tokens\n/);
    expect(tuesday.stdout).toMatch(/changes {4}4 new \(\d+ tokens\), 1 changed \(\d+ tokens\), 35 unchanged \(\d+ tokens\); of the earlier documents 4 gone \(\d+ tokens\)\n/);

    expect(touchstone(['score', 'nightly.yaml', '--quiet'], folder).status).toBe(0);
    const files = ['plan.json', 'manifest.json', '_SUCCESS', ...readdirSync(join(folder, 'fresh/shards')).map((name) => `shards/${name}`)];
    expect(files.length).toBeGreaterThan(5);
    for (const name of files) expect(readFileSync(join(folder, 'tuesday', name)).equals(readFileSync(join(folder, 'fresh', name)))).toBe(true);

    const again = JSON.parse(touchstone(['score', 'nightly.yaml', '--out', 'wednesday', '--reuse', 'tuesday', 'monday', '--json'], folder).stdout) as object;
    expect(again).toMatchObject({
      documents: { read: 40, scored: 40 },
      reused: { documents: 40 },
      change: { unchanged: { documents: 40 }, new: { documents: 0, tokens: 0 }, changed: { documents: 0, tokens: 0 }, gone: { documents: 4 } },
    });
  });

  it('ends with exit code 78 where the losses of the earlier run are not those of this command, and 64 where there is no run', () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(3));
    const command = (...more: readonly string[]): SpawnSyncReturns<string> => touchstone(['score', '--corpus', 'corpus.jsonl', '--model', DEMO_MODEL, ...more], folder);
    expect(command('--out', 'one').status).toBe(0);
    const other = command('--out', 'two', '--reuse', 'one', '--bos', 'none');
    expect(other.status).toBe(78);
    expect(other.stderr).toMatch(/one cannot be reused: the token before a document \(windows\.bos\) is \d+ in that run and null in this command\n.*Leave it out of --reuse/);
    const packed = command('--out', 'two', '--reuse', 'one', '--layout', 'packed');
    expect(packed.status).toBe(64);
    expect(packed.stderr).toContain('--reuse: output.reuse must be left out in the packed layout');
    expect(command('--out', 'two', '--reuse', 'nowhere').status).toBe(64);
    expect(readdirSync(folder)).not.toContain('two');
  });
});

import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DEMO_MODEL, demoDocuments, temporaryFolder, writeJsonl } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Loaded before the program: its file system answers EPERM to every link, and may kill the process where a file would get its name. */
const NO_LINKS = `
import fs from 'node:fs/promises';
import { appendFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
const { rename } = fs;
fs.link = async () => {
  appendFileSync(process.env.REFUSED, 'link\\n');
  throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' });
};
fs.rename = async (from, to) => {
  if (process.env.KILL !== undefined && to.endsWith(process.env.KILL)) process.kill(process.pid, 'SIGKILL');
  await rename(from, to);
};
syncBuiltinESMExports();
`;

const LASTING = ['plan.json', 'manifest.json', '_SUCCESS', 'shards/part-00000.parquet', 'shards/part-00001.parquet', 'quarantine/00001.jsonl'];

describe('a run on a file system without hard links', () => {
  function score(at: string, run: string, environment: Readonly<Record<string, string>> | null): SpawnSyncReturns<string> {
    const load = environment === null ? [] : ['--import', join(at, 'no-links.mjs')];
    const args = [...load, MAIN, 'score', '--corpus', join(at, 'corpus.jsonl'), '--model', DEMO_MODEL, '--out', run, '--unit-bytes', '3000', '--quiet'];
    return spawnSync(process.execPath, args, { encoding: 'utf8', env: { ...process.env, REFUSED: join(at, 'refused'), ...environment } });
  }

  it('has the same bytes, also after a kill between claiming a name and giving it its file', () => {
    const at = temporaryFolder();
    writeFileSync(join(at, 'no-links.mjs'), NO_LINKS);
    writeJsonl(join(at, 'corpus.jsonl'), [...demoDocuments(10), { text: '' }]);
    expect(score(at, join(at, 'linked'), null).status).toBe(0);
    expect(existsSync(join(at, 'refused'))).toBe(false);

    const run = join(at, 'unlinked');
    expect(score(at, run, { KILL: '/commits/00000.json' }).signal).toBe('SIGKILL');
    expect(readFileSync(join(run, 'commits/00000.json'), 'utf8')).toBe('');
    const again = score(at, run, {});
    expect([again.status, again.stderr]).toEqual([0, '']);
    expect(readFileSync(join(at, 'refused'), 'utf8').split('\n').length).toBeGreaterThan(8);
    for (const name of LASTING) expect(readFileSync(join(run, name)).equals(readFileSync(join(at, 'linked', name)))).toBe(true);
    // The other unit was under way beside it: whatever of it was claimed or written and not committed by the time of the kill is set aside too.
    const [record, ...others] = readdirSync(join(run, 'stale'));
    expect(record).toMatch(/^00000\.json\.[0-9a-f]{16}$/);
    for (const name of others) expect(name).toMatch(/^(part-00001\.parquet|00001\.jsonl?)\.[0-9a-f]{16}$/);
  });
});

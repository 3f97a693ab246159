import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { demoDocuments, DEMO_MODEL, temporaryFolder, writeJsonl } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

describe('the runtime', () => {
  it.each<[string, readonly string[]]>([
    ['scored', ['score', '--corpus', 'corpus.jsonl', '--model', DEMO_MODEL, '--out', 'run']],
    ['trained', ['train', ...['objective.kind=causal', `model.path=${DEMO_MODEL}`, 'data.corpus=corpus.jsonl', 'data.length=32', 'batch.sequences=1', 'optimizer.learningRate=0.001', 'run.steps=1', 'output.folder=run'].flatMap((setting) => ['--set', setting])]],
  ])('leaves nothing in the home of a user who has %s, and so has nothing to tell its maker', (_, args) => {
    const folder = temporaryFolder();
    const home = join(folder, 'home');
    mkdirSync(home);
    writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(2));
    const environment = { ...process.env, HOME: home, ORT_DISABLE_TELEMETRY: undefined, XDG_CACHE_HOME: undefined };
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: 'utf8', env: environment });
    expect(stderr).not.toContain('telemetry');
    expect(status).toBe(0);
    expect(readdirSync(home, { recursive: true })).toEqual([]);
  });
});

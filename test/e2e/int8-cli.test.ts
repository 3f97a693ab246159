import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DEMO_MODEL, demoDocuments, temporaryFolder, writeJsonl } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const DOCUMENTS = 24;

function touchstone(folder: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd: folder });
}

const scoreTo = (run: string): string[] => ['score', '--corpus', 'corpus.jsonl', '--model', DEMO_MODEL, '--out', run, '--unit-bytes', '4000', '--precision', 'int8'];

/** Names and bytes of what a run says for good: not the commit records, which tell times and hosts, nor the temporary files of those that were killed. */
function lasting(run: string): Record<string, string> {
  const files = ['plan.json', 'calibration.json', 'manifest.json', '_SUCCESS', ...readdirSync(join(run, 'shards')).filter((name) => !name.startsWith('.')).map((name) => `shards/${name}`)];
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(run, name), 'base64')]));
}

async function waitFor(holds: () => boolean, ended: () => boolean): Promise<void> {
  while (!holds() && !ended()) await sleep(5);
}

describe('touchstone score --precision int8', () => {
  it('has the same bytes where it was killed before and after its calibration and went on', async () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(DOCUMENTS));
    const undisturbed = touchstone(folder, ...scoreTo('whole'));
    expect(undisturbed.status).toBe(0);
    expect(undisturbed.stdout).toMatch(/^computed {3}int8 on CPU\nerror {6}int8 is off by 0\.0\d+ nats in the mean, [\d.]+ at most; [\d.]+ % of the tokens enter or leave the 60 % with the lowest loss \(against float32, \d+ tokens\)$/m);

    const run = join(folder, 'killed');
    const killWhen = async (holds: () => boolean): Promise<void> => {
      const child = spawn(process.execPath, [MAIN, ...scoreTo('killed'), '--quiet'], { cwd: folder, stdio: 'ignore' });
      const exit = once(child, 'exit');
      await waitFor(holds, () => child.exitCode !== null);
      child.kill('SIGKILL');
      await exit;
    };
    await killWhen(() => existsSync(join(run, 'plan.json')));
    await killWhen(() => existsSync(join(run, 'commits')) && readdirSync(join(run, 'commits')).some((name) => /^\d+\.json$/.test(name)));
    expect(touchstone(folder, ...scoreTo('killed'), '--quiet').status).toBe(0);
    expect(lasting(run)).toEqual(lasting(join(folder, 'whole')));

    const { computation } = JSON.parse(readFileSync(join(run, 'manifest.json'), 'utf8')) as { computation: { precision: string; calibration: { meanError: number; documents: number } } };
    expect(computation).toMatchObject({ precision: 'int8', calibration: { documents: DOCUMENTS } });
    const status = touchstone(folder, 'status', 'killed', '--json');
    expect((JSON.parse(status.stdout) as { computation: unknown }).computation).toMatchObject({ precision: 'int8', calibration: computation.calibration });

    const verified = touchstone(folder, 'verify', 'killed', '--sample', '10', '--json');
    expect(verified.status).toBe(0);
    expect(JSON.parse(verified.stdout)).toMatchObject({ problems: [], sample: { rows: 10, largestDifference: 0, differing: [] } });
  });

  it('is another plan than float32, and neither reuses the other', () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(3));
    expect(touchstone(folder, ...scoreTo('run'), '--quiet').status).toBe(0);
    const exact = scoreTo('run').slice(0, -2);
    const resumed = touchstone(folder, ...exact, '--quiet');
    expect([resumed.status, resumed.stderr]).toEqual([78, expect.stringContaining('plan.model.precision is "int8" in this run and "float32" in this command')]);
    const reused = touchstone(folder, ...exact.slice(0, -4), '--out', 'other', '--reuse', 'run', '--quiet');
    expect([reused.status, reused.stderr]).toEqual([78, expect.stringContaining('model.precision is "int8" in that run and "float32" in this command')]);
  });
});

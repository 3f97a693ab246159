import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { writeFailure } from '../../src/run/failure-record.js';
import { writeLargeRun } from '../run/large-run.js';
import { DEMO_MODEL, demoDocuments, temporaryFolder, writeJsonl } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

function touchstone(folder: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', cwd: folder });
}

const SCORE = ['score', '--corpus', 'corpus.jsonl', '--model', DEMO_MODEL, '--out', 'run', '--unit-bytes', '1800', '--quiet'];

/** A finished run of several units in `folder`/run. */
function scoredRun(folder: string, last: object | string = { text: '' }): string {
  writeJsonl(join(folder, 'corpus.jsonl'), [...demoDocuments(12), last]);
  const { status, stderr } = touchstone(folder, ...SCORE);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return join(folder, 'run');
}

/** Takes a run back to where units were missing. */
function forget(run: string, ...units: readonly number[]): void {
  for (const unit of units) rmSync(join(run, `commits/0000${unit}.json`));
  for (const name of ['manifest.json', '_SUCCESS']) rmSync(join(run, name), { force: true });
}

describe('touchstone plan', () => {
  it('freezes the plan that score then runs, compares it afterwards, and refuses the first difference', () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(6));
    const settings = ['--corpus', 'corpus.jsonl', '--model', DEMO_MODEL, '--out', 'run', '--unit-bytes', '2000'];
    const first = touchstone(folder, 'plan', ...settings, '--json');
    expect(first.status).toBe(0);
    const facts = JSON.parse(first.stdout) as { units: number; planHash: string };
    expect(facts).toMatchObject({ created: true, files: 1, bytes: readFileSync(join(folder, 'corpus.jsonl')).length, windows: { contextLength: 512 } });
    expect(readdirSync(join(folder, 'run'))).toEqual(['commits', 'plan.json', 'quarantine', 'shards']);
    const again = touchstone(folder, 'plan', ...settings);
    expect(again.stdout).toContain(`plan     run/plan.json, the same as before: ${facts.planHash}\n`);
    expect(again.stdout).toContain(`units    ${facts.units}, `);
    expect(JSON.parse(touchstone(folder, 'status', 'run', '--json').stdout)).toMatchObject({ units: { total: facts.units, missing: facts.units }, tokensPerSecond: null });
    writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(7));
    const changed = touchstone(folder, 'plan', ...settings);
    expect([changed.status, changed.stdout]).toEqual([78, '']);
    expect(changed.stderr).toContain('the file corpus.jsonl has changed');
    expect(touchstone(folder, 'plan', '--corpus', 'corpus.jsonl').stderr).toContain('no model is given');
  });
});

describe('touchstone status', () => {
  it('tells people and programs how far a run is', () => {
    const folder = temporaryFolder();
    const run = scoredRun(folder);
    const finished = touchstone(folder, 'status', 'run');
    expect(finished.status).toBe(0);
    expect(finished.stdout).toMatch(/^run {8}run, finished\nunits {6}(\d) of \1 done\ndocuments {2}13 read = 12 scored \+ 0 quarantined \+ 1 skipped\n/);
    const units = readdirSync(join(run, 'shards')).length;
    forget(run, 0, 2);
    const { stdout } = touchstone(folder, 'status', 'run', '--json');
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const status = JSON.parse(stdout) as { secondsLeft: number };
    expect(status).toMatchObject({ run, finished: false, units: { total: units, done: units - 2, missing: 2 }, openFiles: 0 });
    expect(status).not.toHaveProperty('unitStates');
    expect(status.secondsLeft).toBeGreaterThan(0);
    expect(touchstone(folder, 'status', 'run', '--units').stdout.split('\n').slice(0, 2)).toEqual(['    0  missing  corpus.jsonl', '    1  done     corpus.jsonl']);
  });

  it('of a folder that is no run, or is not there, says so', () => {
    const folder = temporaryFolder();
    const missing = touchstone(folder, 'status', 'nowhere');
    expect([missing.status, missing.stderr]).toEqual([64, expect.stringContaining(`${join(folder, 'nowhere')} does not exist, expected a run folder`) as string]);
    const { status, stderr, stdout } = touchstone(folder, 'status', '.');
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toContain('is not a run folder: it has no plan.json');
  });
});

describe('touchstone retry-list', () => {
  it('prints the tasks that hold what is missing, as Slurm or a loop takes them', () => {
    const folder = temporaryFolder();
    writeLargeRun(join(folder, 'run'), 40, 10); // 9, 19, 29 and 39 are missing
    expect(touchstone(folder, 'retry-list', 'run').stdout).toBe('9\n19\n29\n39\n');
    expect(touchstone(folder, 'retry-list', 'run', '--format', 'slurm').stdout).toBe('9,19,29,39\n');
    expect(touchstone(folder, 'retry-list', 'run', '--format', 'slurm', '--tasks', '8').stdout).toBe('1,3,5,7\n');
    expect(touchstone(folder, 'retry-list', 'run', '--format', 'slurm', '--tasks', '4').stdout).toBe('0-3\n');
    const wrong = touchstone(folder, 'retry-list', 'run', '--tasks', '0');
    expect([wrong.status, wrong.stdout]).toEqual([64, '']);
    expect(wrong.stderr).toContain('--tasks must be a whole number of at least 1, got "0"');
  });

  it('prints nothing on stdout where nothing is missing, and says on stderr what is left to do', () => {
    const folder = temporaryFolder();
    writeLargeRun(join(folder, 'run'), 5, 10);
    const { status, stdout, stderr } = touchstone(folder, 'retry-list', 'run', '--format', 'slurm');
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toBe('nothing is missing: 5 of 5 units are done; touchstone finalize run writes the manifest\n');
  });
});

describe('touchstone finalize', () => {
  it('refuses while units are missing, and names them', async () => {
    const folder = temporaryFolder();
    const run = scoredRun(folder);
    forget(run, 1);
    const units = readdirSync(join(run, 'shards')).length;
    const missing = touchstone(folder, 'finalize', 'run');
    expect([missing.status, missing.stdout]).toEqual([75, '']);
    expect(missing.stderr).toContain(`1 of ${units} units are not done: 1\n`);
    expect(missing.stderr).toContain('touchstone retry-list');
    await writeFailure(run, { formatVersion: 1, unit: 1, attempts: 3, kind: 'io', message: 'cannot read corpus.jsonl', host: 'node-1', failedAt: '2026-11-20T04:00:00.000Z' });
    const failed = touchstone(folder, 'finalize', 'run');
    expect(failed.status).toBe(65);
    expect(failed.stderr).toContain('unit 1: failed after 3 attempts: cannot read corpus.jsonl');
    expect(readdirSync(run)).not.toContain('manifest.json');
  });

  it('writes the bytes that scoring writes, needs neither corpus nor model, and may be repeated', async () => {
    const folder = temporaryFolder();
    const run = scoredRun(folder);
    const bytes = ['manifest.json', '_SUCCESS'].map((name) => readFileSync(join(run, name), 'utf8'));
    forget(run);
    renameSync(join(folder, 'corpus.jsonl'), join(folder, 'elsewhere.jsonl'));
    const once = touchstone(folder, 'finalize', 'run', '--json');
    expect(once.status).toBe(0);
    expect(JSON.parse(once.stdout)).toMatchObject({ run, documents: { read: 13, scored: 12 }, removedFiles: [] });
    expect(['manifest.json', '_SUCCESS'].map((name) => readFileSync(join(run, name), 'utf8'))).toEqual(bytes);
    expect(touchstone(folder, 'finalize', 'run').stdout).toMatch(/^run is finished: \d units, 12 documents, /);
    forget(run);
    const codes = await Promise.all([0, 1, 2].map(() => new Promise((resolve) => spawn(process.execPath, [MAIN, 'finalize', run]).on('exit', resolve))));
    expect(codes).toEqual([0, 0, 0]);
    expect(['manifest.json', '_SUCCESS'].map((name) => readFileSync(join(run, name), 'utf8'))).toEqual(bytes);
    expect(readdirSync(run).sort()).toEqual(['_SUCCESS', 'commits', 'manifest.json', 'plan.json', 'quarantine', 'shards']);
  });
});

describe('the limits of touchstone finalize', () => {
  it('end with 65 once the run is whole, and are refused by name where they are no limits', () => {
    const folder = temporaryFolder();
    const run = scoredRun(folder, '{"text": "cut');
    forget(run);
    const broken = touchstone(folder, 'finalize', 'run', '--max-quarantined', '0');
    expect([broken.status, broken.stdout]).toEqual([65, expect.stringMatching(/^run is finished/) as string]);
    expect(broken.stderr).toContain('1 of 13 documents read were quarantined (7.69 %), and the limit is 0');
    expect(readdirSync(run)).toContain('_SUCCESS');
    expect(touchstone(folder, 'finalize', 'run', '--max-quarantined', '10%', '--max-nonfinite', '0').status).toBe(0);
    const senseless = touchstone(folder, 'finalize', 'run', '--max-nonfinite', 'few');
    expect([senseless.status, senseless.stderr]).toEqual([64, expect.stringContaining('--max-nonfinite must be a whole number of at least 0, a share from 0% to 100% such as 0.1%, or null, got "few"') as string]);
  });
});

describe('touchstone verify', () => {
  it('finds a run whole, then damaged, and its advice makes it whole again', () => {
    const folder = temporaryFolder();
    const run = scoredRun(folder);
    const units = readdirSync(join(run, 'shards')).length;
    const whole = touchstone(folder, 'verify', 'run', '--sample', '3', '--seed', 'a');
    expect(whole.stderr).toBe('');
    expect(whole.status).toBe(0);
    expect(whole.stdout).toMatch(/^checked {4}run: (\d) of \1 units, \d+ files, .*\nsample {5}3 rows, \d+ tokens, --seed a: largest difference 0\.00 nats.*\nresult {5}no damage found\n$/);

    const shard = join(run, 'shards/part-00001.parquet');
    const bytes = readFileSync(shard);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(shard, bytes);
    const damaged = touchstone(folder, 'verify', 'run', '--json');
    expect(damaged.status).toBe(74);
    const report = JSON.parse(damaged.stdout) as { problems: { file: string; advice: string }[] };
    expect(report).toMatchObject({ run, finished: true, units: { total: units, committed: units }, sample: null });
    expect(new Set(report.problems.map(({ file }) => file))).toEqual(new Set(['shards/part-00001.parquet']));
    expect(report.problems[0]!.advice).toMatch(/^Remove the file and run the touchstone score command/);

    const before = readFileSync(join(run, 'manifest.json'), 'utf8');
    rmSync(shard);
    expect(touchstone(folder, ...SCORE).status).toBe(0);
    expect(touchstone(folder, 'verify', 'run').status).toBe(0);
    expect(readFileSync(join(run, 'manifest.json'), 'utf8')).toBe(before);

    forget(run, 0);
    const unfinished = touchstone(folder, 'verify', 'run');
    expect(unfinished.status).toBe(75);
    expect(unfinished.stderr).toContain(`is whole as far as it goes: 1 of ${units} units is missing`);
  }, 180_000);

  it('refuses flags that mean nothing without a sample', () => {
    const { status, stderr } = touchstone(temporaryFolder(), 'verify', 'run', '--seed', 'a');
    expect(status).toBe(64);
    expect(stderr).toContain('--seed has a meaning with --sample only');
  });
});

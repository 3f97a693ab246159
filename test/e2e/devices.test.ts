import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DEMO_MODEL, demoDocuments, temporaryFolder } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const CUDA = fileURLToPath(new URL('./pretended-cuda.mjs', import.meta.url));

/** As pretended-cuda.mjs takes it. */
interface Machine {
  readonly devices: readonly string[];
  readonly loseAt?: Readonly<Record<number, number>>;
  readonly spoilAt?: Readonly<Record<number, number>>;
}

const TWO: Machine = { devices: ['H100', 'H100'] };

interface Bench {
  readonly folder: string;
  /** Scores the corpus into the run of this name. */
  readonly score: (machine: Machine, run: string, ...flags: readonly string[]) => SpawnSyncReturns<string>;
}

const spawnOn = (machine: Machine, args: readonly string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: 120_000, env: { ...process.env, NODE_OPTIONS: `--import ${CUDA}`, TOUCHSTONE_PRETENDED_CUDA: JSON.stringify(machine) } });

/** Compressed files, which are not cut: eight units of three documents, each of several batches. */
function bench(): Bench {
  const folder = temporaryFolder();
  const documents = demoDocuments(24);
  for (let file = 0; file < 8; file++) {
    const lines = documents.slice(3 * file, 3 * file + 3).map((document) => `${JSON.stringify(document)}\n`);
    writeFileSync(join(folder, `${file}.jsonl.gz`), gzipSync(lines.join('')));
  }
  return {
    folder,
    score: (machine, run, ...flags) =>
      spawnOn(machine, ['score', '--corpus', join(folder, '*.gz'), '--model', DEMO_MODEL, '--out', join(folder, run), '--unit-bytes', '10', '--context-length', '64', '--batch-tokens', '256', '--threads', '1', ...flags]),
  };
}

/** Names and bytes of what a run says for good. */
function lasting(run: string): Record<string, string> {
  const names = ['plan.json', 'manifest.json', '_SUCCESS', ...readdirSync(join(run, 'shards')).map((name) => `shards/${name}`)];
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(run, name), 'base64')]));
}

const devicesOf = (run: string): unknown => (JSON.parse(readFileSync(join(run, 'manifest.json'), 'utf8')) as { computation: unknown }).computation;

describe('several devices', { timeout: 300_000 }, () => {
  it('give the bytes that one gives, and lose no row where one breaks: its unit is tried again on the others', () => {
    const { folder, score } = bench();
    const one = score(TWO, 'one', '--device', 'cuda', '--precision', 'float32');
    expect(one.stderr).toMatch(/float32 on cuda:0 H100 \(driver 580\.65\.06\), .* 1 session/);
    expect(one.status).toBe(0);
    expect(one.stdout).toMatch(/^computed +float32 on H100 \(driver 580\.65\.06\)$/m);
    expect(devicesOf(join(folder, 'one'))).toEqual({ precision: 'float32', devices: [{ kind: 'cuda', name: 'H100', driver: '580.65.06', libraries: { 'libcublas.so.13': '13.1.0.3' }, units: 8 }] });
    const whole = lasting(join(folder, 'one'));

    const two = score(TWO, 'two', '--device', 'cuda:0,1', '--precision', 'float32');
    expect(two.stderr).toContain('cuda:0 H100 (driver 580.65.06), cuda:1 H100 (driver 580.65.06), 1 thread, 2 sessions');
    expect(two.status).toBe(0);
    expect(lasting(join(folder, 'two'))).toEqual(whole);

    const lost = score({ ...TWO, loseAt: { 1: 3 } }, 'lost', '--device', 'cuda:0,1', '--precision', 'float32', '--unit-attempts', '1');
    expect(lost.stderr).toMatch(/note: cuda:1 \(H100\) is lost and is not used again: CUDA failure 719: unspecified launch failure; unit \d is tried again on the other devices/);
    expect(lost.status).toBe(0);
    expect(lasting(join(folder, 'lost'))).toEqual(whole);

    const both = score({ ...TWO, loseAt: { 0: 4, 1: 3 } }, 'both', '--device', 'cuda:0,1', '--precision', 'float32');
    expect(both.stderr).toMatch(/all 2 devices are lost\n +cuda:[01]: CUDA failure 719: unspecified launch failure\n +cuda:[01]: CUDA failure 719/);
    expect(both.status).toBe(75);
    expect(readdirSync(join(folder, 'both')).includes('manifest.json')).toBe(false);
    expect(score(TWO, 'both', '--device', 'cuda:0,1', '--precision', 'float32').status).toBe(0);
    expect(lasting(join(folder, 'both'))).toEqual(whole);
  });

  it('are named with their units where they differ', () => {
    const { folder, score } = bench();
    const mixed = score({ devices: ['H100', 'A100'] }, 'run', '--device', 'cuda:0,1', '--precision', 'float32', '--threads', '2', '--workers', '2', '--json');
    expect(mixed.stderr).toContain('2 threads, 4 sessions');
    expect(mixed.status).toBe(0);
    const { devices } = devicesOf(join(folder, 'run')) as { devices: { name: string; units: number }[] };
    expect(devices.map(({ name }) => name)).toEqual(['A100', 'H100']);
    expect((JSON.parse(mixed.stdout) as { computation: { devices: unknown } }).computation.devices).toEqual(devices);
    const status = spawnOn(TWO, ['status', join(folder, 'run')]);
    expect(status.stdout).toMatch(/^computed +float32 on A100 \(driver 580\.65\.06\), \d units?; H100 \(driver 580\.65\.06\), \d units?$/m);
    const verified = spawnOn(TWO, ['verify', join(folder, 'run')]);
    expect(verified.stdout).toContain('no damage found');
    const audited = spawnOn(TWO, ['audit', join(folder, 'run'), '--json']);
    expect((JSON.parse(audited.stdout) as { identity: { devices: unknown } }).identity.devices).toEqual(devices);
    const onCuda = spawnOn(TWO, ['verify', join(folder, 'run'), '--sample', '5', '--seed', 'a']);
    expect(onCuda.stdout).toMatch(/^sample +5 rows, .*at most 0\.00100 allowed$/m);
    expect(onCuda.stdout).not.toContain('note');
    expect(onCuda.status).toBe(0);
    const onCpu = spawnOn({ devices: [] }, ['verify', join(folder, 'run'), '--sample', '5', '--seed', 'a']);
    expect(onCpu.stdout).toMatch(/^note +the run was scored in float32 on CUDA, the sample in float32 on the CPU, since CUDA does not work here \(driver: no driver/m);
    expect(onCpu.stdout).toMatch(/at most 0\.00100 allowed/);
    expect(onCpu.status).toBe(0);
  });
});

describe('a finished run of one card that has lost a unit', { timeout: 300_000 }, () => {
  it('is finished anew on another card by the advice of verify, and names both', () => {
    const { folder, score } = bench();
    const run = join(folder, 'run');
    const flags = ['--device', 'cuda', '--precision', 'float32'] as const;
    expect(score(TWO, 'run', ...flags).status).toBe(0);
    truncateSync(join(run, 'shards/part-00003.parquet'), 1000);
    const damaged = spawnOn(TWO, ['verify', run]);
    expect(damaged.stdout).toContain('on CUDA or another CPU the last bits of its losses may differ, and the manifest of a finished run is written anew');
    expect(damaged.status).toBe(74);
    const again = score({ devices: ['A100'] }, 'run', ...flags);
    expect(again.stderr).toContain('note: the run was finished, and 1 of its units is lost: _SUCCESS is moved to stale/');
    expect(again.stderr).toContain('note: manifest.json is another than before: the earlier one is moved to stale/');
    expect(again.status).toBe(0);
    expect(devicesOf(run)).toMatchObject({ devices: [{ name: 'A100', units: 1 }, { name: 'H100', units: 7 }] });
    expect(spawnOn(TWO, ['verify', run]).status).toBe(0);
    expect(score({ devices: ['A100'] }, 'run', ...flags).status).toBe(0);
  });
});

describe('a device that computes something else than a CPU', { timeout: 300_000 }, () => {
  it('ends the command before anything is written', () => {
    const { folder, score } = bench();
    const { status, stderr } = score({ ...TWO, spoilAt: { 1: 1 } }, 'run', '--device', 'cuda:0,1', '--precision', 'float32');
    expect(stderr).toMatch(/cuda:1 \(H100, driver 580\.65\.06\) fails the self-test in float32: token \d+ of text \d must have a loss of [\d.]+ nats within 0\.0001, got NaN; 1 of 894 tokens are off/);
    expect(status).toBe(74);
    expect(readdirSync(folder)).not.toContain('run');
  });
});

describe('a machine without CUDA', { timeout: 300_000 }, () => {
  const NONE: Machine = { devices: [] };

  it('ends --device cuda with the cause, and is named by auto, which takes the CPU; a run keeps its kind of device', () => {
    const { folder, score } = bench();
    const refused = score(NONE, 'run', '--device', 'cuda');
    expect(refused.stderr).toContain('CUDA was asked for and does not work on this machine:\n');
    expect(refused.stderr).toContain("driver: no driver; expected NVIDIA driver 580 or newer");
    expect(refused.stderr).toContain("install NVIDIA's driver");
    expect(refused.status).toBe(74);
    expect(readdirSync(folder).includes('run')).toBe(false);

    const chosen = score(NONE, 'run', '--device', 'auto');
    expect(chosen.stderr).toContain('note: auto chose the CPU, since CUDA does not work here: driver: no driver; expected NVIDIA driver 580 or newer');
    expect(chosen.stderr).toContain('float32 on CPU');
    expect(chosen.status).toBe(0);
    expect(devicesOf(join(folder, 'run'))).toEqual({ precision: 'float32', devices: [{ kind: 'cpu', units: 8 }] });
    const other = score(TWO, 'run', '--device', 'cuda');
    expect(other.stderr).toContain('plan.model.device is "cpu" in this run and "cuda" in this command');
    expect(other.status).toBe(78);
  });

  it('refuses with auto a run that was begun on CUDA, and can plan one by name', () => {
    const { folder, score } = bench();
    const run = join(folder, 'run');
    const planned = spawnOn(NONE, ['plan', '--corpus', join(folder, '*.gz'), '--model', DEMO_MODEL, '--out', run, '--unit-bytes', '10', '--context-length', '64', '--device', 'cuda', '--precision', 'float32']);
    expect(planned.stdout).toMatch(/^model .*, float32 on CUDA$/m);
    expect(planned.status).toBe(0);
    const before = readdirSync(run, { recursive: true }).length;
    const resumed = score(NONE, 'run', '--device', 'auto', '--precision', 'float32');
    expect(resumed.stderr).toContain('plan.model.device is "cuda" in this run and "cpu" in this command, which auto chose since CUDA does not work here: driver: no driver');
    expect(resumed.status).toBe(78);
    expect(readdirSync(run, { recursive: true })).toHaveLength(before);
    const scored = score(TWO, 'run', '--device', 'auto', '--precision', 'float32');
    expect(scored.stderr).toContain('note: auto chose cuda:0, H100; of 2 devices it takes one: --device cuda:0,1 takes all');
    expect(scored.status).toBe(0);
  });
});

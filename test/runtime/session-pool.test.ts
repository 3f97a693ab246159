import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Device } from '../../src/records.js';
import { AllDevicesLost, deviceLabel, DeviceLost, DeviceOutOfMemory } from '../../src/runtime/device-faults.js';
import type { SessionSpec, Tensors } from '../../src/runtime/protocol.js';
import { openSessionPool, type SessionPool, type SessionPoolOptions } from '../../src/runtime/session-pool.js';
import { temporaryFolder } from '../scoring/demo-run.js';

const LAUNCH_FAILURE = 'Non-zero status code returned while running MatMul node. Status Message: CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=n1 ; file=/a/b.cc ; line=49 ; expr=cudaX(); ';
const LAUNCH_TEXT = 'CUDA failure 719: unspecified launch failure';
const ARENA_FULL = 'Status Message: /a/bfc_arena.cc:376 void* AllocateRawInternal() Failed to allocate memory for requested buffer of size 8388608000';
const BATCH: Tensors = { x: { dtype: 'int32', dims: [1], data: Int32Array.of(7) } };
const cuda = (id: number): Device => ({ kind: 'cuda', id });

interface Scripted {
  readonly pool: () => Promise<SessionPool>;
  /** What the sessions were asked, as "cuda:0 run". */
  readonly log: () => string[];
}

/** A pool over these devices; `faults` says what their runs throw in turn. */
function scripted(devices: readonly Device[], faults: Readonly<Record<string, string | readonly (string | null)[]>>, options: SessionPoolOptions = {}): Scripted {
  const log = join(temporaryFolder(), 'log');
  writeFileSync(log, '');
  const specs = devices.map((device): SessionSpec => ({ device, model: JSON.stringify({ log, faults }), weightsFolder: null, threads: 1, spin: false }));
  return {
    async pool() {
      const pool = await openSessionPool(specs, { worker: new URL('./scripted-session.worker.mjs', import.meta.url).href, ...options });
      onTestFinished(() => pool.close());
      return pool;
    },
    log: () => readFileSync(log, 'utf8').trimEnd().split('\n'),
  };
}

/** Runs one batch and says which device computed it, or what was thrown. */
async function runOne(pool: SessionPool): Promise<unknown> {
  let used = 'none';
  try {
    await pool.run(BATCH, (device) => { used = deviceLabel(device); });
    return used;
  } catch (error) {
    return error;
  }
}

describe('a session pool', () => {
  it('says which device computed a batch', async () => {
    const pool = await scripted([cuda(3)], {}).pool();
    expect(await runOne(pool)).toBe('cuda:3');
  });

  it('retires a device that breaks, with all its sessions, and goes on with the others', async () => {
    const { pool: open, log } = scripted([cuda(0), cuda(1), cuda(0), cuda(1)], { 'cuda:1': [LAUNCH_FAILURE] });
    const pool = await open();
    const first = await Promise.all([runOne(pool), runOne(pool), runOne(pool), runOne(pool)]);
    const lost = first.filter((outcome) => outcome instanceof DeviceLost);
    expect(lost).toHaveLength(2);
    expect(lost[0]).toMatchObject({ kind: 'retryable', device: cuda(1), reason: LAUNCH_TEXT, message: `cuda:1 is lost: ${LAUNCH_TEXT}` });
    for (let batch = 0; batch < 8; batch++) expect(await runOne(pool)).toBe('cuda:0');
    await pool.close();
    expect(log().filter((line) => line === 'cuda:1 run')).toHaveLength(2);
    expect(log().filter((line) => line.endsWith('close'))).toEqual(['cuda:0 close', 'cuda:0 close']);
  });

  it('gives a batch that waits to another device than the one that breaks', async () => {
    const pool = await scripted([cuda(0), cuda(1)], { 'cuda:1': [LAUNCH_FAILURE, LAUNCH_FAILURE] }).pool();
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => runOne(pool)));
    expect(outcomes.filter((outcome) => outcome === 'cuda:0')).toHaveLength(4);
    expect(outcomes.filter((outcome) => outcome instanceof DeviceLost)).toHaveLength(2); // one computed, one behind it in the thread
  });

  it('ends with an error that names every device once the last is lost, for those that wait too', async () => {
    const pool = await scripted([cuda(0), cuda(1)], { 'cuda:0': [null, LAUNCH_FAILURE, LAUNCH_FAILURE], 'cuda:1': ['CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED ; GPU=1 ; hostname=n1'] }).pool();
    const first = await Promise.all([runOne(pool), runOne(pool)]);
    expect(first.filter((outcome) => outcome instanceof DeviceLost)).toHaveLength(1);
    expect(first).toContain('cuda:0');
    const ended = await Promise.all([runOne(pool), runOne(pool), runOne(pool)]);
    for (const error of [...ended, await runOne(pool)]) {
      expect(error).toBeInstanceOf(AllDevicesLost);
      expect(error).toMatchObject({ kind: 'retryable', message: `all 2 devices are lost\n  cuda:1: CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED\n  cuda:0: ${LAUNCH_TEXT}` });
    }
  });

  it('keeps a device whose memory ran out, however often, and advises smaller batches', async () => {
    const pool = await scripted([cuda(0)], { 'cuda:0': [ARENA_FULL, ARENA_FULL, ARENA_FULL, ARENA_FULL] }).pool();
    for (let batch = 0; batch < 4; batch++) {
      const error = await runOne(pool);
      expect(error).toBeInstanceOf(DeviceOutOfMemory);
      expect(error).toMatchObject({ kind: 'retryable', advice: expect.stringContaining('--batch-tokens') as string });
    }
    expect(await runOne(pool)).toBe('cuda:0');
  });

  it('leaves out a device that breaks before the first batch, frees nothing of it, and says so', async () => {
    for (const faults of [{ 'open cuda:1': LAUNCH_FAILURE }, { 'cuda:1': [LAUNCH_FAILURE] }]) {
      const lost: string[] = [];
      const { pool: open, log } = scripted([cuda(0), cuda(1), cuda(1)], faults, { warmUp: [BATCH], onLost: ({ device, reason }) => lost.push(`${deviceLabel(device)}: ${reason}`) });
      const pool = await open();
      expect(lost).toEqual([`cuda:1: ${LAUNCH_TEXT}`]);
      expect(pool.concurrency).toBe(2);
      for (let batch = 0; batch < 3; batch++) expect(await runOne(pool)).toBe('cuda:0');
      await pool.close();
      expect(log().filter((line) => line.endsWith('close'))).toEqual(['cuda:0 close']);
    }
    await expect(scripted([cuda(1)], { 'open cuda:1': LAUNCH_FAILURE }).pool()).rejects.toMatchObject({ kind: 'retryable', message: `the only device is lost\n  cuda:1: ${LAUNCH_TEXT}` });
  });

  it('keeps a second batch waiting in the thread of a GPU, so that it need not wait for this one', async () => {
    const { pool: open, log } = scripted([cuda(0), { kind: 'cpu' }], { slow: ['cuda:0', 'cpu'] });
    const pool = await open();
    expect(pool.concurrency).toBe(3);
    const running = Promise.all(Array.from({ length: 3 }, () => runOne(pool)));
    const blockedUntil = performance.now() + 400;
    await new Promise((resolve) => setTimeout(resolve, 50)); // the batches are on their way
    while (performance.now() < blockedUntil); // and this thread answers to nothing
    const done = log().filter((line) => line.endsWith('done'));
    expect(done.filter((line) => line === 'cuda:0 done')).toHaveLength(2);
    expect(done.filter((line) => line === 'cpu done')).toHaveLength(1);
    expect((await running).sort()).toEqual(['cpu', 'cuda:0', 'cuda:0']);
  });

  it('passes errors on that are not the device\'s, and those of the CPU', async () => {
    const pool = await scripted([cuda(0)], { 'cuda:0': ['a bug in a graph', 'CUDA failure 1: invalid argument ; GPU=0'] }).pool();
    expect(await runOne(pool)).toMatchObject({ message: 'a bug in a graph' });
    expect(await runOne(pool)).not.toBeInstanceOf(DeviceLost);
    expect(await runOne(pool)).toBe('cuda:0');
    const cpu = await scripted([{ kind: 'cpu' }], { cpu: [ARENA_FULL] }).pool();
    expect(await runOne(cpu)).not.toBeInstanceOf(DeviceOutOfMemory);
    expect(await runOne(cpu)).toBe('cpu');
  });

  it('runs the largest batch on every session before it is opened, where one is given', async () => {
    const { pool: open, log } = scripted([cuda(0), cuda(1)], {}, { warmUp: [BATCH] });
    await open();
    expect(log().filter((line) => line.endsWith('run')).sort()).toEqual(['cuda:0 run', 'cuda:1 run']);
    const tight = scripted([cuda(0), cuda(1)], { 'cuda:1': [ARENA_FULL] }, { warmUp: [BATCH] });
    await expect(tight.pool()).rejects.toMatchObject({ kind: 'io', message: expect.stringMatching(/^cuda:1 has run out of memory on the largest batch /) as string, advice: expect.stringContaining('--batch-tokens') as string });
    expect(tight.log().filter((line) => line.endsWith('close'))).toHaveLength(2);
  });

  it('names the device that cannot load the model, and frees the others', async () => {
    const { pool, log } = scripted([cuda(0), cuda(1)], { 'open cuda:1': 'libcublas.so.13: cannot open shared object file' });
    await expect(pool()).rejects.toMatchObject({ kind: 'io', message: expect.stringMatching(/could not load the model on cuda:1: libcublas/) as string, advice: expect.stringContaining('touchstone doctor') as string });
    expect(log().filter((line) => line.endsWith('close'))).toEqual(['cuda:0 close']);
    const full = scripted([cuda(0)], { 'open cuda:0': ARENA_FULL });
    await expect(full.pool()).rejects.toMatchObject({ advice: expect.stringContaining('fit into the memory of each device') as string });
  });
});

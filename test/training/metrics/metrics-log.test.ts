import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type * as FileSystem from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { MetricsLog, readMetrics } from '../../../src/training/metrics/metrics-log.js';
import { metricsLine, type StepMetrics } from '../../../src/training/metrics/step-metrics.js';
import { stepRecord, stepRecords } from './sample-steps.js';

/** After how many bytes the device of files opened for appending is full. */
const device = vi.hoisted(() => ({ freeBytes: Infinity }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const original = await importOriginal<typeof FileSystem>();
  return {
    ...original,
    open: async (path: string, flags: string) => {
      const handle = await original.open(path, flags);
      if (flags !== 'a') return handle;
      const append = handle.write.bind(handle) as (bytes: Uint8Array, offset: number, length: number) => Promise<{ bytesWritten: number }>;
      const write = async (bytes: Uint8Array, offset = 0): Promise<{ bytesWritten: number }> => {
        const length = Math.min(bytes.length - offset, device.freeBytes);
        if (length === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        device.freeBytes -= length;
        return append(bytes, offset, length);
      };
      return Object.assign(handle, { write });
    },
  };
});

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'metrics-')), 'metrics.jsonl');
});
afterEach(() => {
  device.freeBytes = Infinity;
  rmSync(join(path, '..'), { recursive: true });
});

async function write(throughStep: number | null, records: readonly StepMetrics[]): Promise<number> {
  const log = await MetricsLog.open(path, throughStep);
  for (const record of records) await log.append(record);
  await log.sync();
  await log.close();
  return log.removedLines;
}

describe('the log of a training run', () => {
  it('holds one line a record, in order', async () => {
    expect(await write(null, stepRecords(1, 5))).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe(stepRecords(1, 5).map((record) => `${metricsLine(record)}\n`).join(''));
    expect(await readMetrics(path)).toEqual(stepRecords(1, 5));
  });

  it('goes on after the checkpoint: lines of later steps are cut off, and counted', async () => {
    await write(null, stepRecords(0, 9));
    expect(await write(6, stepRecords(7, 8))).toBe(3);
    expect((await readMetrics(path)).map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await write(100, [stepRecord(101)])).toBe(0);
    expect((await readMetrics(path)).at(-1)!.step).toBe(101);
  });

  it('of a run that has no checkpoint yet begins again', async () => {
    await write(null, stepRecords(0, 3));
    expect(await write(null, stepRecords(0, 1))).toBe(4);
    expect(await readMetrics(path)).toEqual(stepRecords(0, 1));
  });

  it('is resumed to the same bytes as one that was never interrupted', async () => {
    await write(null, stepRecords(0, 9));
    const whole = readFileSync(path);
    await write(4, stepRecords(5, 9));
    expect(readFileSync(path).equals(whole)).toBe(true);
  });

  it.each([1, 40, 200])('loses a line that was cut short after %i bytes, and nothing else', async (length) => {
    await write(null, stepRecords(0, 3));
    appendFileSync(path, metricsLine(stepRecord(4)).slice(0, length));
    expect(await readMetrics(path)).toEqual(stepRecords(0, 3));
    expect(await write(3, [stepRecord(4)])).toBe(1);
    expect(await readMetrics(path)).toEqual(stepRecords(0, 4));
  });

  it('longer than what is read at a time keeps every line', async () => {
    await write(null, stepRecords(1, 2100));
    expect(statSync(path).size).toBeGreaterThan(2 * 256 * 1024);
    expect(await write(1900, [])).toBe(200);
    expect((await readMetrics(path)).map(({ step }) => step)).toEqual(Array.from({ length: 1900 }, (_, at) => at + 1));
  });

  it('with a damaged line among those to keep is refused, naming the line', async () => {
    await write(null, stepRecords(0, 5));
    writeFileSync(path, readFileSync(path, 'utf8').replace('"step":2', '"step":x'));
    await expect(MetricsLog.open(path, 5)).rejects.toThrow(`line 3 of ${path} must be a record of a training step`);
    await expect(readMetrics(path)).rejects.toThrow('line 3 of');
    expect(readFileSync(path, 'utf8')).toContain('"step":x');
    // Behind the checkpoint it is cut off with the rest.
    expect(await write(0, [])).toBe(5);
  });

  it('refuses a record of an earlier step', async () => {
    const log = await MetricsLog.open(path, null);
    await log.append(stepRecord(5));
    await expect(log.append(stepRecord(4))).rejects.toThrow('must be in the order of their steps, found step 4 after step 5');
    await log.close();
  });

  it('on a full disk says so and keeps whole lines', async () => {
    const log = await MetricsLog.open(path, null);
    await log.append(stepRecord(1));
    device.freeBytes = 50;
    await expect(log.append(stepRecord(2))).rejects.toMatchObject({ kind: 'io', message: `cannot write ${path}: no space is left on the device (ENOSPC)` });
    device.freeBytes = Infinity;
    await log.append(stepRecord(2));
    await log.close();
    expect(readFileSync(path, 'utf8').split('\n').filter(Boolean).length).toBe(2);
    expect(await readMetrics(path)).toEqual(stepRecords(1, 2));
  });

  it('that cannot be opened is an error that names it', async () => {
    await expect(MetricsLog.open(join(path, 'absent', 'metrics.jsonl'), null)).rejects.toThrow(`cannot open ${path}/absent/metrics.jsonl: it does not exist`);
  });

  it('of a process that is killed while it writes holds whole lines', async () => {
    const source = join(import.meta.dirname, '../../../src/training/metrics');
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', `
      const { MetricsLog } = await import(${JSON.stringify(join(source, 'metrics-log.ts'))});
      const log = await MetricsLog.open(${JSON.stringify(path)}, null);
      const record = ${metricsLine(stepRecord(0))};
      for (let step = 1; ; step++) await log.append({ ...record, step });
    `], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    const size = (): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    while (size() < 100_000 && child.exitCode === null) await wait(20);
    child.kill('SIGKILL');
    expect(await exited).toEqual([null, 'SIGKILL']);
    const records = await readMetrics(path);
    expect(records.length).toBeGreaterThan(100);
    expect(records.map(({ step }) => step)).toEqual(Array.from({ length: records.length }, (_, at) => at + 1));
    expect(readFileSync(path, 'utf8').endsWith('}\n')).toBe(true);
    expect(await write(50, [stepRecord(51)])).toBe(records.length - 50);
  });
});

import { mkdtempSync, rmSync } from 'node:fs';
import type * as FileSystem from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifyRun } from '../../src/verify/verify-run.js';
import type { Unreadable } from '../run/unreadable-files.js';
import { writeSmallRun } from './small-run.js';

const unreadable = vi.hoisted((): Unreadable => ({ path: undefined, times: 0 }));
vi.mock('node:fs/promises', async (importOriginal) => {
  const { failingReads } = await import('../run/unreadable-files.js');
  return failingReads(await importOriginal<typeof FileSystem>(), unreadable);
});

const run = mkdtempSync(join(tmpdir(), 'touchstone-unreadable-'));
beforeAll(() => writeSmallRun(run));
afterAll(() => {
  rmSync(run, { recursive: true });
});

describe('a file of a run that the device does not give', () => {
  it.each([
    ['shards/part-00001.parquet', 1],
    ['shards/part-00001.parquet', Infinity],
    ['quarantine/00001.jsonl', 1],
  ])('is listed, and the advice is to read it again before anything is removed: %s, %d times', async (file, times) => {
    Object.assign(unreadable, { path: new RegExp(`${file}$`), times });
    const { problems } = await verifyRun(run, null);
    expect(problems).toEqual([{ file, message: expect.stringContaining(`cannot read ${join(run, file)}: EIO`) as string, advice: expect.stringMatching(/^Check the device \(system log\) and verify again\. Where it stays so, the file is lost: remove it and run the touchstone score command/) as string }]);
    unreadable.times = 0;
    expect((await verifyRun(run, null)).problems).toEqual([]);
  });

  it('is found too where its bytes were hashed and its columns are not to be had', async () => {
    // The first read hashes the whole of so small a file, the second says that it has ended.
    let reads = 0;
    Object.assign(unreadable, { path: { test: (path: string) => path.endsWith('shards/part-00000.parquet') && ++reads > 2 }, times: 1 });
    const { problems } = await verifyRun(run, null);
    expect(problems).toEqual([{ file: 'shards/part-00000.parquet', message: expect.stringContaining('the device reported an input/output error (EIO)') as string, advice: expect.stringContaining('verify again') as string }]);
  });
});

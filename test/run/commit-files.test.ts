import { truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { commitFiles, type CommitFiles } from '../../src/run/commit-files.js';
import { commitPath, shardPath } from '../../src/run/layout.js';
import { withFolder } from './example-run.js';
import { writeLargeRun } from './large-run.js';

async function lookedAt(run: string, units: readonly number[], patienceMs?: number): Promise<CommitFiles[]> {
  const found: CommitFiles[] = [];
  for await (const files of commitFiles(run, units, patienceMs)) found.push(files);
  return found;
}

describe('looking at the files of many units', () => {
  it('finds the same one after the other, on a fast file system, and side by side, on a slow one', async () => {
    await withFolder(async (run) => {
      writeLargeRun(run, 500, 10);
      unlinkSync(shardPath(run, 300));
      truncateSync(shardPath(run, 301), 2);
      writeFileSync(commitPath(run, 302), '');
      writeFileSync(commitPath(run, 303), 'x'.repeat(10_000));
      const units = Array.from({ length: 500 }, (_, unit) => unit);
      const fast = await lookedAt(run, units);
      expect(await lookedAt(run, units, -1)).toEqual(fast);
      expect(fast.map(({ unit }) => unit)).toEqual(units);
      expect(fast.filter(({ record }) => record === undefined)).toHaveLength(50);
      expect(fast.slice(300, 304).map(({ record, shardBytes }) => [record!.length > 500, shardBytes])).toEqual([[true, undefined], [true, 2], [false, 7], [true, 7]]);
      expect(fast[303]!.record).toHaveLength(10_000);
    });
  });

  it('fails where a record cannot be read, whichever way', async () => {
    await withFolder(async (run) => {
      writeFileSync(`${run}/commits`, 'not a folder');
      for (const patienceMs of [undefined, -1]) {
        const units = Array.from({ length: 300 }, (_, unit) => unit);
        await expect(lookedAt(run, units, patienceMs)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining('cannot read') as string });
      }
    });
  });
});

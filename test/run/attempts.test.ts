import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { listAttempts, sweepAttempts } from '../../src/run/attempts.js';
import { createRunFolders } from '../../src/run/layout.js';
import { filesBelow, withFolder } from './example-run.js';

const HOUR_MS = 3600 * 1000;

async function attemptsOf(run: string): Promise<void> {
  await createRunFolders(run);
  const ages: Readonly<Record<string, number>> = {
    '.manifest.json.0000000000000001.tmp': 25,
    'shards/.part-00001.parquet.0000000000000002.tmp': 200,
    'shards/.part-00002.parquet.0000000000000003.tmp': 23,
    'quarantine/.00001.jsonl.0000000000000004.tmp': 25,
    'commits/.00001.json.0000000000000005.tmp': 0,
    // Not of this room: whoever wrote these may want them.
    'shards/.nfs000000000000012300000001': 500,
    'shards/part-00003.parquet': 500,
    'shards/notes.tmp': 500,
  };
  for (const [name, hours] of Object.entries(ages)) {
    await writeFile(join(run, name), name);
    const time = new Date(Date.now() - hours * HOUR_MS);
    await utimes(join(run, name), time, time);
  }
}

describe('temporary files of processes that are gone', () => {
  it('are listed among those that are being written', async () => {
    await withFolder(async (run) => {
      await attemptsOf(run);
      expect((await listAttempts(run)).map(({ path }) => path).sort()).toHaveLength(5);
    });
  });

  it('are removed a day after the last byte was written to them, and nothing else is', async () => {
    await withFolder(async (run) => {
      await attemptsOf(run);
      expect((await sweepAttempts(run)).map(({ path, bytes }) => [path, bytes]).sort()).toEqual([
        ['.manifest.json.0000000000000001.tmp', 35],
        ['quarantine/.00001.jsonl.0000000000000004.tmp', 44],
        ['shards/.part-00001.parquet.0000000000000002.tmp', 47],
      ]);
      expect(await filesBelow(run)).toEqual([
        'commits/.00001.json.0000000000000005.tmp',
        'shards/.nfs000000000000012300000001',
        'shards/.part-00002.parquet.0000000000000003.tmp',
        'shards/notes.tmp',
        'shards/part-00003.parquet',
      ]);
      expect(await sweepAttempts(run)).toEqual([]);
    });
  });

  it('may be folders, whose day begins with the last byte of any file in them', async () => {
    await withFolder(async (run) => {
      const age = async (name: string, hours: number): Promise<void> => {
        const time = new Date(Date.now() - hours * HOUR_MS);
        await utimes(join(run, name), time, time);
      };
      const [dead, living] = ['checkpoints/.00000002.0000000000000001.tmp', 'checkpoints/.00000004.0000000000000002.tmp'];
      for (const [name, hours] of [[dead, 25], [living, 23]] as const) {
        await mkdir(join(run, name), { recursive: true });
        await writeFile(join(run, name, 'weights'), 'four');
        await age(`${name}/weights`, hours);
        await age(name, 25);
      }
      expect((await listAttempts(run, ['checkpoints'])).map(({ path, kind }) => [path, kind]).sort()).toEqual([[dead, 'folder'], [living, 'folder']]);
      expect((await sweepAttempts(run, ['checkpoints'])).map(({ path, bytes }) => [path, bytes >= 4])).toEqual([[dead, true]]);
      expect(await filesBelow(run)).toEqual([`${living}/weights`]);
    });
  });

  it('are removed once, whoever sweeps at the same time', async () => {
    await withFolder(async (run) => {
      await attemptsOf(run);
      await Promise.all([sweepAttempts(run), sweepAttempts(run), sweepAttempts(run)]);
      expect(await filesBelow(run)).toHaveLength(5);
    });
  });

  it('of a folder without any need no look at the clock', async () => {
    await withFolder(async (run) => {
      await mkdir(join(run, 'shards'));
      expect(await sweepAttempts(run)).toEqual([]);
    });
  });
});

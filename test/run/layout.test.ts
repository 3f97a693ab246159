import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { commitName, createRunFolders, quarantineName, shardName, shardPath, unitOfCommitName } from '../../src/run/layout.js';
import { withFolder } from './example-run.js';

describe('the names in a run folder', () => {
  it('carry the unit in five digits or more', () => {
    expect([shardName(7), commitName(7), quarantineName(7)]).toEqual(['shards/part-00007.parquet', 'commits/00007.json', 'quarantine/00007.jsonl']);
    expect(shardPath('/run', 123_456)).toBe('/run/shards/part-123456.parquet');
  });

  it('of commits lead back to their unit, and other names to none', () => {
    for (const unit of [0, 7, 99_999, 100_000, 1_234_567]) expect(unitOfCommitName(commitName(unit).slice('commits/'.length))).toBe(unit);
    for (const name of ['7.json', '000007.json', '00007.jsonl', '.00007.json.ab.tmp', '00007.json~', '-0001.json']) expect(unitOfCommitName(name)).toBeUndefined();
  });
});

describe('creating the folders of a run', () => {
  it('works below folders that do not exist, and again', async () => {
    await withFolder(async (folder) => {
      const run = join(folder, 'a', 'b', 'run');
      await createRunFolders(run);
      await createRunFolders(run);
      for (const name of ['shards', 'commits', 'quarantine']) expect((await stat(join(run, name))).isDirectory()).toBe(true);
    });
  });

  it('names the path and the cause where it cannot', async () => {
    await withFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      await expect(createRunFolders(join(folder, 'file', 'run'))).rejects.toMatchObject({
        kind: 'io',
        message: `cannot create the folder ${join(folder, 'file', 'run', 'shards')}: a part of the path is not a folder (ENOTDIR)`,
      });
    });
  });
});

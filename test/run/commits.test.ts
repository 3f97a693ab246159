import { copyFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { pendingUnits, readCommits, setProblemAside, writeCommit, type Commit } from '../../src/run/commits.js';
import { sha256Of } from '../../src/run/file-hash.js';
import { commitPath, createRunFolders, quarantineName, shardName, shardPath } from '../../src/run/layout.js';
import type { Plan } from '../../src/run/plan.js';
import { sealRecord } from '../../src/run/sealed-record.js';
import { examplePlan, exampleCommit, filesBelow, withFolder } from './example-run.js';

async function withRun(use: (run: string, plan: Plan) => Promise<void>, units = 3): Promise<void> {
  await withFolder(async (run) => {
    await createRunFolders(run);
    await use(run, examplePlan(units));
  });
}

/** Writes a record as it is, without the checks of writeCommit. */
async function forge(run: string, unit: number, record: unknown): Promise<void> {
  await writeFile(commitPath(run, unit), typeof record === 'string' ? record : sealRecord(record as object));
}

describe('a commit record', () => {
  it('reads back as it was written, and its unit is no longer pending', async () => {
    await withRun(async (run, plan) => {
      const commits = [await exampleCommit(run, plan, 2), await exampleCommit(run, plan, 0)];
      for (const commit of commits) expect(await writeCommit(run, commit)).toEqual({ outcome: 'created', commit });
      const { committed, problems } = await readCommits(run, plan);
      expect(problems).toEqual([]);
      expect([...committed]).toEqual([
        [0, commits[1]],
        [2, commits[0]],
      ]);
      expect(pendingUnits(plan, committed)).toEqual([1]);
    });
  });

  it('of a second process is dropped, and the first stands', async () => {
    await withRun(async (run, plan) => {
      const first = await exampleCommit(run, plan, 0, { host: 'first' });
      await writeCommit(run, first);
      expect(await writeCommit(run, { ...first, host: 'second', seconds: 9 })).toEqual({ outcome: 'existing', commit: first });
      expect((await readCommits(run, plan)).committed.get(0)).toEqual(first);
    });
  });

  it('for another shard than the one committed is refused', async () => {
    await withRun(async (run, plan) => {
      const first = await exampleCommit(run, plan, 0);
      await writeCommit(run, first);
      const other: Commit = { ...first, shard: { ...first.shard, sha256: sha256Of('other') } };
      await expect(writeCommit(run, other)).rejects.toMatchObject({ kind: 'retryable', message: expect.stringContaining('unit 0 could not be committed: another record stands') as string });
    });
  });

  it('is refused before its shard is there', async () => {
    await withRun(async (run, plan) => {
      const commit = await exampleCommit(run, plan, 0);
      await rm(shardPath(run, 0));
      await expect(writeCommit(run, commit)).rejects.toThrow('unit 0 could not be committed: shards/part-00000.parquet is missing');
      expect(await filesBelow(run)).toEqual([]);
    });
  });

  const wrong: readonly [string, Partial<Commit>, string][] = [
    ['documents that vanished', { documents: { read: 11, scored: 10, quarantined: 0, skipped: 0 } }, 'documents read must be scored + quarantined + skipped, got 11 = 10 + 0 + 0'],
    ['more losses than tokens', { scored: 1000, nonfinite: 1 }, 'scored + nonfinite must be at most tokens, got 1000 + 1 of 1000'],
    ['more padding than positions', { paddedTokens: 1101 }, 'paddedTokens must be at most computedTokens, got 1101 of 1100'],
    ['left-out documents without a file', { documents: { read: 11, scored: 10, quarantined: 1, skipped: 0 } }, 'there must be a quarantine file exactly where documents were left out, got 1 of them and no file'],
    ['the shard of another unit', { shard: { path: shardName(1), sha256: sha256Of('x'), bytes: 1 } }, 'shard.path must be shards/part-00000.parquet, got shards/part-00001.parquet'],
    ['a loss that is no number', { lossSum: NaN }, 'lossSum: '],
    ['a negative count', { rows: -1 }, 'rows: '],
  ];
  it.each(wrong)('with %s is not written', async (_, changes, sentence) => {
    await withRun(async (run, plan) => {
      const commit = await exampleCommit(run, plan, 0, changes);
      await expect(writeCommit(run, commit)).rejects.toMatchObject({ kind: 'internal', message: expect.stringContaining(sentence) as string });
      expect(await filesBelow(run)).toEqual([shardName(0)]);
    });
  });
});

describe('a unit is not committed', () => {
  const cases: readonly [string, (run: string, commit: Commit, text: string) => Promise<void>, RegExp][] = [
    ['when its record is torn', (run, _, text) => forge(run, 1, text.slice(0, 100)), /commits\/00001\.json: the file is not whole JSON/],
    ['when its record is empty', (run) => forge(run, 1, ''), /the file is empty/],
    ['when its record is filled with zero bytes', (run, _, text) => forge(run, 1, '\0'.repeat(text.length)), /not whole JSON/],
    ['when its record is no longer UTF-8', (run, _, text) => writeFile(commitPath(run, 1), Buffer.from(text.replace('node-1', 'node-\xff'), 'latin1')), /not whole JSON/],
    ['when its record has a key of another format', (run, commit) => forge(run, 1, { ...commit, colour: 'red' }), /colour/],
    ['when its record is that of another unit', (run, commit) => forge(run, 1, { ...commit, unit: 2 }), /the unit must be 1 as in the file's name, got 2/],
    ['when its record belongs to another plan', (run, commit) => forge(run, 1, { ...commit, planHash: sha256Of('other') }), /the plan hash must be [0-9a-f]{64}, got [0-9a-f]{64}/],
    ['when its accounts do not hold', (run, commit) => forge(run, 1, { ...commit, documents: { read: 12, scored: 10, quarantined: 1, skipped: 0 } }), /got 12 = 10 \+ 1 \+ 0/],
    ['when its rows are not its documents', (run, commit) => forge(run, 1, { ...commit, rows: 9 }), /rows must be the 10 documents scored, got 9/],
    ['when its shard is missing', (run) => rm(shardPath(run, 1)), /shards\/part-00001\.parquet is missing/],
    ['when its shard is short', (run) => truncate(shardPath(run, 1), 3), /shards\/part-00001\.parquet must have 7 bytes, has 3/],
    [
      'when its quarantine file is missing',
      (run, commit) =>
        forge(run, 1, {
          ...commit,
          documents: { read: 11, scored: 10, quarantined: 1, skipped: 0 },
          quarantine: { path: quarantineName(1), sha256: sha256Of('q'), bytes: 1 },
        }),
      /quarantine\/00001\.jsonl is missing/,
    ],
  ];
  it.each(cases)('%s, and clearing it makes room for computing it again', async (_, damage, message) => {
    await withRun(async (run, plan) => {
      for (const unit of [0, 1, 2]) await writeCommit(run, await exampleCommit(run, plan, unit));
      const whole = await readCommits(run, plan);
      expect([...whole.committed.keys()]).toEqual([0, 1, 2]);

      await damage(run, whole.committed.get(1)!, await readFile(commitPath(run, 1), 'utf8'));
      const { committed, problems } = await readCommits(run, plan);
      expect([...committed.keys()]).toEqual([0, 2]);
      expect(problems).toHaveLength(1);
      expect(problems[0]!.message).toMatch(message);
      expect(pendingUnits(plan, committed)).toEqual([1]);

      const moved = await setProblemAside(run, problems[0]!);
      expect(moved.at(-1)).toMatch(/^stale\/00001\.json\.[0-9a-f]{16}$/);
      expect(await filesBelow(run)).toEqual(expect.arrayContaining(moved));
      expect((await readCommits(run, plan)).problems).toEqual([]);
      await writeCommit(run, await exampleCommit(run, plan, 1));
      expect([...(await readCommits(run, plan)).committed.keys()]).toEqual([0, 1, 2]);
    });
  });

  it('when it is not a unit of the plan', async () => {
    await withRun(async (run, plan) => {
      await writeCommit(run, await exampleCommit(run, plan, 3));
      const { committed, problems } = await readCommits(run, plan);
      expect(committed.size).toBe(0);
      expect(problems.map((problem) => problem.message)).toEqual(['commits/00003.json: the unit must be below 3, the units of the plan']);
    });
  });
});

describe('reading the commits of a run', () => {
  it('passes over the attempts of other processes and reports names it does not know', async () => {
    await withRun(async (run, plan) => {
      await writeCommit(run, await exampleCommit(run, plan, 0));
      await writeFile(join(run, 'commits', '.00001.json.0123456789abcdef.tmp'), '{');
      for (const name of ['00000.json.bak', '0.json', '000000.json']) await copyFile(commitPath(run, 0), join(run, 'commits', name));
      const { committed, problems } = await readCommits(run, plan);
      expect([...committed.keys()]).toEqual([0]);
      expect(problems.map((problem) => [problem.unit, problem.path])).toEqual([
        [null, 'commits/0.json'],
        [null, 'commits/00000.json.bak'],
        [null, 'commits/000000.json'],
      ]);
    });
  });

  it('of a run that has none finds every unit pending', async () => {
    await withFolder(async (run) => {
      const plan = examplePlan(4);
      const { committed, problems } = await readCommits(run, plan);
      expect(problems).toEqual([]);
      expect(pendingUnits(plan, committed)).toEqual([0, 1, 2, 3]);
    });
  });

  it('whose folder cannot be read is an error, not an empty run', async () => {
    await withFolder(async (run) => {
      await writeFile(join(run, 'commits'), '');
      await expect(readCommits(run, examplePlan())).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining('cannot read the folder') as string });
    });
  });

  it('orders units by number, beyond five digits too', async () => {
    await withRun(async (run, plan) => {
      for (const unit of [100_001, 99_999, 7]) await writeCommit(run, await exampleCommit(run, plan, unit));
      expect([...(await readCommits(run, plan)).committed.keys()]).toEqual([7, 99_999, 100_001]);
    }, 100_002);
  });
});

describe('clearing a damaged unit beside another process', () => {
  it('puts back a record and a shard that were made good since they were judged', async () => {
    await withRun(async (run, plan) => {
      const commit = await exampleCommit(run, plan, 1);
      await writeCommit(run, commit);
      await truncate(shardPath(run, 1), 2);
      await forge(run, 1, { ...commit, seconds: 0 });
      const [problem] = (await readCommits(run, plan)).problems;
      // The other process clears the unit first and computes it again; then this one acts on what it saw.
      await setProblemAside(run, problem!);
      const again = await exampleCommit(run, plan, 1, { host: 'other' });
      await writeCommit(run, again);
      expect(await setProblemAside(run, problem!)).toEqual([]);
      expect((await readCommits(run, plan)).committed.get(1)).toEqual(again);
      expect((await filesBelow(run)).filter((name) => name.startsWith('stale/'))).toHaveLength(2);
    });
  });

  it('by two processes at once moves every file once', async () => {
    await withRun(async (run, plan) => {
      await writeCommit(run, await exampleCommit(run, plan, 1));
      await truncate(shardPath(run, 1), 2);
      const [problem] = (await readCommits(run, plan)).problems;
      const moved = (await Promise.all([setProblemAside(run, problem!), setProblemAside(run, problem!)])).flat();
      expect(moved.map((name) => name.slice(0, -17)).sort()).toEqual(['stale/00001.json', 'stale/part-00001.parquet']);
      expect(await filesBelow(run)).toEqual([...moved].sort());
    });
  });

  it('after a kill between its two moves is found and cleared by the next one', async () => {
    await withRun(async (run, plan) => {
      await writeCommit(run, await exampleCommit(run, plan, 1));
      await mkdir(join(run, 'stale'));
      await rm(shardPath(run, 1)); // moved, and then the process was killed
      const [problem] = (await readCommits(run, plan)).problems;
      await setProblemAside(run, problem!);
      expect((await readCommits(run, plan)).problems).toEqual([]);
    });
  });
});

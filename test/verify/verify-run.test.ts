import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { readCommits, type Commit } from '../../src/run/commits.js';
import { writeFailure } from '../../src/run/failure-record.js';
import { commitPath, shardPath } from '../../src/run/layout.js';
import { readPlan } from '../../src/run/plan.js';
import { sealRecord } from '../../src/run/sealed-record.js';
import { verifyRun } from '../../src/verify/verify-run.js';
import { filesOf, writeSmallRun } from './small-run.js';

const run = mkdtempSync(join(tmpdir(), 'touchstone-verify-'));
const original = new Map<string, Buffer>();
beforeAll(async () => {
  await writeSmallRun(run);
  for (const name of filesOf(run)) original.set(name, readFileSync(join(run, name)));
});
beforeEach(() => {
  for (const name of filesOf(run)) if (!original.has(name)) unlinkSync(join(run, name));
  for (const [name, bytes] of original) writeFileSync(join(run, name), bytes);
});
afterAll(() => {
  rmSync(run, { recursive: true });
});

/** Files and messages of what is wrong. */
async function problemsNow(): Promise<string[]> {
  return (await verifyRun(run, null)).problems.map(({ file, message }) => `${file}: ${message}`);
}

/** Writes a commit record anew, changed and sealed, as a program would that is wrong. */
async function forgeCommit(unit: number, change: (commit: Commit) => Partial<Commit>): Promise<void> {
  const commit = (await readCommits(run, await readPlan(run))).committed.get(unit)!;
  writeFileSync(commitPath(run, unit), sealRecord({ ...commit, ...change(commit) }));
}

describe('verifying a run', () => {
  it('finds nothing wrong with one that was left as it was written', async () => {
    const bytes = [...original.values()].reduce((sum, { length }) => sum + length, 0);
    expect(await verifyRun(run, null)).toEqual({ finished: true, units: { total: 2, committed: 2 }, files: original.size, bytes, problems: [], sample: null });
    expect(original.size).toBe(8);
  });

  it('finds every one of 1,000 random single flipped bits, in whatever file', async () => {
    const random = createRandom('flips');
    const names = [...original.keys()];
    const unseen: string[] = [];
    const blamed = new Set<string>();
    for (let flip = 0; flip < 1000; flip++) {
      const name = names[flip % names.length]!;
      const bytes = Buffer.from(original.get(name)!);
      const bit = random.below(8 * bytes.length);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(join(run, name), bytes);
      const { problems } = await verifyRun(run, null);
      if (problems.length === 0) unseen.push(`${name}, bit ${bit}`);
      // A manifest that no longer matches its seal is told of at either.
      if (problems.some(({ file }) => file === name)) blamed.add(name);
      writeFileSync(join(run, name), original.get(name)!);
    }
    expect(unseen).toEqual([]);
    expect([...blamed].sort()).toEqual(names);
  }, 240_000);

  it('lists everything that is wrong, with the file and what to do', async () => {
    truncateSync(join(run, 'quarantine/00001.jsonl'), 10);
    writeFileSync(commitPath(run, 0), (original.get('commits/00000.json')!.toString()).replace('"seconds": 0.125', '"seconds": 0.126'));
    writeFileSync(join(run, '_SUCCESS'), '');
    writeFileSync(join(run, 'shards/part-00003.parquet'), 'x');
    const { problems } = await verifyRun(run, null);
    expect(new Set(problems.map(({ file }) => file))).toEqual(new Set(['commits/00000.json', 'commits/00001.json', '_SUCCESS', 'shards/part-00003.parquet']));
    expect(problems.every(({ advice }) => advice.length > 20)).toBe(true);
    expect(problems.find(({ file }) => file === 'commits/00001.json')!.message).toMatch(/^quarantine\/00001\.jsonl must have \d+ bytes, has 10$/);
  });

  it('names what is damaged within a shard beside its hash', async () => {
    writeFileSync(shardPath(run, 1), Buffer.from(original.get('shards/part-00001.parquet')!).fill(0, 40, 50));
    const problems = await problemsNow();
    expect(problems[0]).toMatch(/^shards\/part-00001\.parquet: sha256 must be [0-9a-f]{64} as its commit record says, it is [0-9a-f]{64}$/);
    expect(problems[1]).toBe('shards/part-00001.parquet: row group 0, column doc_id: the checksum of a page does not hold: its bytes were changed');
  });

  it('tells shards that changed places by their footers, though hashes and sizes could be forged to fit', async () => {
    const { shard, rows, tokens, scored, lossSum } = (await readCommits(run, await readPlan(run))).committed.get(0)!;
    await forgeCommit(1, (commit) => ({ shard: { ...shard, path: commit.shard.path }, rows, tokens, scored, lossSum }));
    copyFileSync(shardPath(run, 0), shardPath(run, 1));
    expect(await problemsNow()).toContain('shards/part-00001.parquet: the footer must say touchstone.unit = 1, it says 0');
  });

  const forged: readonly [string, (commit: Commit) => Partial<Commit>, RegExp][] = [
    ['tokens', ({ tokens }) => ({ tokens: tokens + 1 }), /^shards\/part-00001\.parquet: tokens must be \d+ as its commit record says, there are \d+$/],
    ['scored tokens', ({ scored }) => ({ scored: scored - 1 }), /^shards\/part-00001\.parquet: scored must be \d+ as its commit record says/],
    ['the sum of losses', ({ lossSum }) => ({ lossSum: lossSum + 1e-9 }), /^shards\/part-00001\.parquet: lossSum must be /],
    ['non-finite tokens', ({ tokens, scored }) => ({ nonfinite: tokens - scored, scored }), /^manifest\.json: totals\.nonfinite must be \d+, it is 0$/],
    ['skipped documents', ({ documents }) => ({ documents: { ...documents, skipped: 2, read: documents.read + 1 } }), /^quarantine\/00001\.jsonl: it must list 2 skipped documents as its commit record says, it lists 1$/],
    ['accounts', ({ documents }) => ({ documents: { ...documents, read: documents.read + 1 } }), /^commits\/00001\.json: documents read must be scored \+ quarantined \+ skipped/],
    ['the plan', () => ({ planHash: '0'.repeat(64) }), /^commits\/00001\.json: the plan hash must be/],
  ];
  it.each(forged)('derives %s anew where a commit record is whole and wrong', async (_, change, message) => {
    await forgeCommit(1, change);
    expect((await problemsNow()).some((problem) => message.test(problem))).toBe(true);
  });

  it('checks the records of failed units, and finds every flipped bit in one', async () => {
    await writeFailure(run, { formatVersion: 1, unit: 1, attempts: 3, kind: 'io', message: 'cannot read a.jsonl', host: 'node-1', failedAt: '2026-11-20T03:00:00.000Z' });
    expect(await verifyRun(run, null)).toMatchObject({ problems: [], files: original.size + 1 });
    const path = join(run, 'failures/00001.json');
    const whole = readFileSync(path);
    for (let bit = 0; bit < 8 * whole.length; bit += 61) {
      const flipped = Buffer.from(whole);
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(path, flipped);
      expect((await verifyRun(run, null)).problems).toEqual([{ file: 'failures/00001.json', message: expect.any(String) as string, advice: expect.stringContaining('tries the unit again') as string }]);
    }
  });

  it('finds files that are none of the run, and passes over temporary ones', async () => {
    for (const name of ['shards/part-00000.parquet.bak', 'commits/notes', 'quarantine/00000.jsonl', 'shards/.part-00001.parquet.0123456789abcdef.tmp', 'README']) writeFileSync(join(run, name), 'x');
    expect(await problemsNow()).toEqual(['shards/part-00000.parquet.bak: it is no file of this run', 'commits/notes: it is no file of this run', 'quarantine/00000.jsonl: it is no file of this run']);
  });

  it('finds what is missing from a finished run', async () => {
    unlinkSync(commitPath(run, 0));
    unlinkSync(shardPath(run, 1));
    unlinkSync(join(run, 'manifest.json'));
    expect(await problemsNow()).toEqual([
      'commits/00001.json: shards/part-00001.parquet is missing',
      'manifest.json: it is missing, and _SUCCESS is there',
      'commits/00000.json: it is missing, and the run is finished',
    ]);
  });

  it('says that nothing can be checked without a whole plan', async () => {
    truncateSync(join(run, 'plan.json'), 100);
    expect(await problemsNow()).toEqual([expect.stringMatching(/^plan\.json: the file is not whole JSON/)]);
    unlinkSync(join(run, 'plan.json'));
    await expect(verifyRun(run, null)).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining('is not a run folder') as string });
  });

  it('that is not finished is checked as far as it goes', async () => {
    for (const name of ['_SUCCESS', 'manifest.json', 'commits/00001.json']) unlinkSync(join(run, name));
    expect(await verifyRun(run, null)).toMatchObject({ finished: false, units: { total: 2, committed: 1 }, problems: [] });
    renameSync(shardPath(run, 1), shardPath(run, 0));
    expect((await verifyRun(run, null)).problems.length).toBeGreaterThan(0);
  });
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { readCommits, writeCommit } from '../../src/run/commits.js';
import { writeFailure } from '../../src/run/failure-record.js';
import { createRunFolders, shardPath } from '../../src/run/layout.js';
import { buildManifest, writeManifest } from '../../src/run/manifest.js';
import { freezePlan } from '../../src/run/plan.js';
import { readStatus } from '../../src/run/status.js';
import { exampleCommit, examplePlan, withFolder } from './example-run.js';
import { LARGE_RUN_START, writeLargeRun } from './large-run.js';

describe('the status of a run', () => {
  it('counts its units as done, missing, failed and damaged, each once, with what is wrong', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const plan = examplePlan(5);
      await freezePlan(run, plan);
      for (const unit of [0, 1, 3]) await writeCommit(run, await exampleCommit(run, plan, unit));
      truncateSync(shardPath(run, 1), 3);
      const failure = { formatVersion: 1, attempts: 3, kind: 'io', message: 'cannot read b.parquet', host: 'node-1', failedAt: '2026-11-20T04:00:00.000Z' } as const;
      await writeFailure(run, { ...failure, unit: 4 });
      await writeFailure(run, { ...failure, unit: 3 }); // it has succeeded since
      const { units, unitStates, finished } = await readStatus(run);
      expect(finished).toBe(false);
      expect(units).toEqual({ total: 5, done: 2, missing: 1, failed: 1, damaged: 1 });
      expect(unitStates.map(({ state, message }) => [state, message])).toEqual([
        ['done', null],
        ['damaged', 'commits/00001.json: shards/part-00001.parquet must have 7 bytes, has 3'],
        ['missing', null],
        ['done', null],
        ['failed', 'cannot read b.parquet'],
      ]);
    });
  });

  it('of a run that has only a plan knows no speed and no activity', async () => {
    await withFolder(async (run) => {
      await freezePlan(run, examplePlan(2));
      expect(await readStatus(run)).toMatchObject({ units: { total: 2, done: 0, missing: 2 }, tokens: 0, tokensPerSecond: null, secondsLeft: null, lastActivity: null, openFiles: 0 });
    });
  });

  it('takes the speed of all hosts together, and leaves pauses out', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const plan = examplePlan(6);
      await freezePlan(run, plan);
      // Two hosts side by side for 100 s, a night's rest, and one host for 50 s.
      const times: readonly [number, string][] = [[100, '2026-11-20T03:01:40.000Z'], [90, '2026-11-20T03:01:40.000Z'], [50, '2026-11-21T03:00:50.000Z']];
      for (const [unit, [seconds, finishedAt]] of times.entries()) await writeCommit(run, await exampleCommit(run, plan, unit, { seconds, finishedAt }));
      const { tokensPerSecond, secondsLeft, lastActivity } = await readStatus(run);
      expect(tokensPerSecond).toBeCloseTo(3000 / 150);
      expect(secondsLeft).toBeCloseTo(150); // as many bytes are left as were done
      expect(lastActivity).toBe('2026-11-21T03:00:50.000Z');
    });
  });

  it('sees files that are being written', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      await freezePlan(run, examplePlan(2));
      writeFileSync(join(run, 'shards', '.part-00001.parquet.0123456789abcdef.tmp'), 'half');
      const { openFiles, lastActivity } = await readStatus(run);
      expect(openFiles).toBe(1);
      expect(Math.abs(Date.parse(lastActivity!) - Date.now())).toBeLessThan(60_000);
    });
  });

  it('says finished once manifest and _SUCCESS belong together, and not any longer when they do not', async () => {
    await withFolder(async (run) => {
      await createRunFolders(run);
      const plan = examplePlan(2);
      await freezePlan(run, plan);
      for (const unit of [0, 1]) await writeCommit(run, await exampleCommit(run, plan, unit));
      expect(await readStatus(run)).toMatchObject({ finished: false, units: { done: 2 }, secondsLeft: null });
      await writeManifest(run, buildManifest(plan, (await readCommits(run, plan)).committed, { count: 0, examples: [] }, null));
      expect((await readStatus(run)).finished).toBe(true);
      truncateSync(join(run, 'manifest.json'), 20);
      expect((await readStatus(run)).finished).toBe(false);
    });
  });
});

describe('the status of a run of 10,000 units', () => {
  const run = mkdtempSync(join(tmpdir(), 'touchstone-large-'));
  beforeAll(() => {
    writeLargeRun(run, 10_000, 100);
  });
  afterAll(() => {
    rmSync(run, { recursive: true });
  });

  it('costs less than a second of processor time, or on a slow machine than eight times what reading and parsing its records takes', async () => {
    const { units, tokens, tokensPerSecond, secondsLeft, lastActivity } = await readStatus(run);
    expect(units).toEqual({ total: 10_000, done: 9900, missing: 100, failed: 0, damaged: 0 });
    expect(tokens).toBe(9_900_000);
    expect(lastActivity).toBe(new Date(LARGE_RUN_START + 60_000 * 1250).toISOString());
    expect(tokensPerSecond).toBeCloseTo(8000 / 60, 0);
    expect(secondsLeft).toBeCloseTo((100 * 60) / 8, -2);
    const commits = join(run, 'commits');
    const plain = await leastCpuSeconds(() => Promise.resolve(readdirSync(commits).map((name) => JSON.parse(readFileSync(join(commits, name), 'utf8')) as unknown)));
    expect(await leastCpuSeconds(() => readStatus(run))).toBeLessThan(Math.max(1, 8 * plain));
  });
});

/** The least of some rounds: whoever shares the core takes cycles from each. */
async function leastCpuSeconds(work: () => Promise<unknown>): Promise<number> {
  const seconds: number[] = [];
  for (let round = 0; round < 3; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    seconds.push((user + system) / 1e6);
  }
  return Math.min(...seconds);
}

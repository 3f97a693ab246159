import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { writeCommit } from '../../src/run/commits.js';
import { findEarlierRun } from '../../src/run/earlier-run.js';
import { createRunFolders, shardPath } from '../../src/run/layout.js';
import { buildManifest, writeManifest } from '../../src/run/manifest.js';
import { freezePlan, type Plan } from '../../src/run/plan.js';
import { exampleCommit, examplePlan, withFolder } from './example-run.js';

async function withCommitted(units: readonly number[], use: (run: string, plan: Plan) => Promise<void>): Promise<void> {
  await withFolder(async (run) => {
    const plan = examplePlan(3);
    await freezePlan(run, plan);
    await createRunFolders(run);
    for (const unit of units) await writeCommit(run, await exampleCommit(run, plan, unit));
    await use(run, plan);
  });
}

async function finish(run: string, plan: Plan): Promise<void> {
  const committed = new Map<number, Awaited<ReturnType<typeof exampleCommit>>>();
  for (const unit of [0, 1, 2]) committed.set(unit, await exampleCommit(run, plan, unit));
  await writeManifest(run, buildManifest(plan, committed, { count: 0, examples: [] }, null));
}

describe('an earlier run', () => {
  it('that is finished gives every shard of its manifest, and needs no commit records', async () => {
    await withCommitted([0, 1, 2], async (run, plan) => {
      await finish(run, plan);
      await rm(join(run, 'commits'), { recursive: true });
      const earlier = await findEarlierRun(run, plan);
      expect(earlier.notes).toEqual([]);
      expect(earlier.shards.map(({ path, rows }) => ({ path, rows }))).toEqual([0, 1, 2].map((unit) => ({ path: shardPath(run, unit), rows: 10 })));
    });
  });

  it('that is not finished gives the shards of its committed units, and says so', async () => {
    await withCommitted([0, 2], async (run, plan) => {
      const earlier = await findEarlierRun(run, plan);
      expect(earlier.shards.map(({ path }) => path)).toEqual([shardPath(run, 0), shardPath(run, 2)]);
      expect(earlier.notes).toEqual([`${run} is not finished: the 2 of its 3 units that are committed are reused`]);
    });
  });

  it('names the units of an unfinished run that are damaged', async () => {
    await withCommitted([0, 1], async (run, plan) => {
      await rm(shardPath(run, 1));
      const { shards, notes } = await findEarlierRun(run, plan);
      expect(shards.map(({ path }) => path)).toEqual([shardPath(run, 0)]);
      expect(notes[1]).toBe(`${run}/commits/00001.json: shards/part-00001.parquet is missing; its documents are not reused`);
    });
  });

  it('of another model is refused as another plan is, with the first difference', async () => {
    await withCommitted([0], async (run, plan) => {
      const mine: Plan = { ...plan, model: { ...plan.model, hash: 'e'.repeat(64) } };
      await expect(findEarlierRun(run, mine)).rejects.toMatchObject({ kind: 'mismatch', message: `${run} cannot be reused: model.hash is "${plan.model.hash}" in that run and "${'e'.repeat(64)}" in this command` });
    });
  });

  it('must be a run folder', async () => {
    await withFolder(async (folder) => {
      await expect(findEarlierRun(folder, examplePlan())).rejects.toMatchObject({ kind: 'usage', message: `${folder} is not a run folder: it has no plan.json` });
    });
  });

  it('whose manifest is of another plan is not believed', async () => {
    await withCommitted([0, 1, 2], async (run, plan) => {
      await finish(run, { ...plan, tool: { ...plan.tool, version: '9.9.9' } });
      await expect(findEarlierRun(run, plan)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining('the manifest must have the plan hash of plan.json') as string });
    });
  });
});

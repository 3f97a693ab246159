import { join } from 'node:path';

import { TouchstoneError } from '../errors.js';
import { readCommits } from './commits.js';
import { fileSize } from './file-hash.js';
import { successPath } from './layout.js';
import { readManifest } from './manifest.js';
import { planHash, readPlan, type Plan } from './plan.js';
import { reuseDifference } from './reuse-difference.js';

/** A shard that an earlier run vouches for. */
export interface EarlierShard {
  /** Absolute. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
}

/** A run whose rows can stand in this one. */
export interface EarlierRun {
  readonly run: string;
  /** By unit. Of a run that is not finished, those of its committed units. */
  readonly shards: readonly EarlierShard[];
  /** What a user should know; one sentence each. */
  readonly notes: readonly string[];
}

/**
 * The earlier run in a folder, for a command with the plan `mine`. Opens no shard. Throws where the folder holds no run, and a mismatch error that
 * names the first setting by which its rows could differ from those of this command.
 */
export async function findEarlierRun(run: string, mine: Plan): Promise<EarlierRun> {
  const plan = await readPlan(run);
  const difference = reuseDifference(plan, mine);
  if (difference !== undefined) {
    throw new TouchstoneError('mismatch', `${run} cannot be reused: ${difference}`, {
      advice: 'Leave it out of --reuse to score every document, or give this command the model, tokenizer and settings of that run. Nothing was touched.',
    });
  }
  if ((await fileSize(successPath(run))) !== undefined) {
    const manifest = await readManifest(run);
    if (manifest.planHash !== planHash(plan)) {
      throw new TouchstoneError('io', `${run}: the manifest must have the plan hash of plan.json, ${planHash(plan)}, it has ${manifest.planHash}`, { advice: 'Restore the run, or leave it out of --reuse.' });
    }
    return { run, shards: manifest.shards.map(({ path, sha256, bytes, rows }) => ({ path: join(run, path), sha256, bytes, rows })), notes: [] };
  }
  const { committed, problems } = await readCommits(run, plan);
  const commits = [...committed.values()];
  return {
    run,
    shards: commits.map(({ shard: { path, sha256, bytes }, rows }) => ({ path: join(run, path), sha256, bytes, rows })),
    notes: [
      `${run} is not finished: the ${commits.length} of its ${plan.corpus.units.length} units that are committed are reused`,
      ...problems.map(({ message }) => `${run}/${message}; its documents are not reused`),
    ],
  };
}

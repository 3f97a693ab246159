import type { Commit } from '../run/commits.js';
import { buildManifest, writeManifest, type Manifest } from '../run/manifest.js';
import type { Plan } from '../run/plan.js';
import { findDuplicateIds } from './duplicate-ids.js';

/**
 * Writes the manifest of a complete run. Its bytes follow from the plan and the shards alone: whoever finalizes, and however often, writes the same file.
 * Throws a retryable error that names the units without a commit.
 */
export async function finalizeRun(run: string, plan: Plan, committed: ReadonlyMap<number, Commit>): Promise<Manifest> {
  const nothing = { count: 0, examples: [] };
  if (committed.size < plan.corpus.units.length) return buildManifest(plan, committed, nothing); // throws, before every shard is read for nothing
  const manifest = buildManifest(plan, committed, await findDuplicateIds(run, [...committed.values()]));
  await writeManifest(run, manifest);
  return manifest;
}

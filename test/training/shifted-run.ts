import { rowsOf } from '../../src/store/row-group.js';
import { commitUnitFile } from '../../src/run/unit-file.js';
import { readCommits, writeCommit, type Commit } from '../../src/run/commits.js';
import { shardName, shardPath } from '../../src/run/layout.js';
import { buildManifest, readManifest, writeManifest } from '../../src/run/manifest.js';
import { freezePlan, readPlan, type Plan } from '../../src/run/plan.js';
import { shardMetadata } from '../../src/scoring/shard-metadata.js';
import { openShard } from '../../src/store/reader.js';
import { ShardWriter, type ShardTotals } from '../../src/store/writer.js';
import type { ByteSink } from '../../src/stream/byte-sink.js';

/** Losses of a row as they might stand in a set that is wrong. */
export type LossChange = (losses: Float32Array) => Float32Array<ArrayBuffer>;

/** The losses `by` tokens later (1: late, -1: at the token that predicts), and NaN at the end that becomes free. */
export function shiftedBy(by: number): LossChange {
  return (losses) => Float32Array.from(losses, (_, token) => losses[token - by] ?? NaN);
}

/**
 * Writes the finished run `from` anew as `to`, the losses of each row changed. All else is the same, and plan, commit records, manifest and sums agree:
 * nothing but the losses themselves can reveal it.
 */
export async function rewriteLosses(from: string, to: string, change: LossChange): Promise<void> {
  const plan = await readPlan(from);
  const { committed } = await readCommits(from, plan);
  await freezePlan(to, plan);
  const commits = new Map<number, Commit>();
  for (const [unit, commit] of committed) {
    const { result, file } = await commitUnitFile(to, unit, shardName(unit), (sink) => writeShard(shardPath(from, unit), sink, plan, unit, change));
    const { rows, tokens, scored, lossSum } = result;
    commits.set(unit, (await writeCommit(to, { ...commit, shard: file, rows, tokens, scored, lossSum })).commit);
  }
  await writeManifest(to, buildManifest(plan, commits, (await readManifest(from)).duplicateIds, null));
}

async function writeShard(path: string, sink: ByteSink, plan: Plan, unit: number, change: LossChange): Promise<ShardTotals> {
  const { stats, lossPrecision, rowGroupTokens } = plan.output;
  const columns = { entropy: stats.entropy, top1: false, tokenBytes: false, docStarts: false };
  const writer = await ShardWriter.open({ sink, columns, metadata: shardMetadata(plan, unit), lossPrecision, rowGroupTokens });
  const shard = await openShard(path);
  try {
    for (const index of shard.rowGroups.keys()) {
      for (const { doc_id: id, source, doc_hash: hash, token_ids: tokenIds, ref_loss: losses, entropy } of rowsOf(await shard.readRowGroup(index))) {
        await writer.append({ kind: 'tokenized', id, source, hash, tokenIds: tokenIds.slice(), refLoss: change(losses), ...(stats.entropy ? { entropy: entropy!.slice() } : {}) });
      }
    }
  } finally {
    await shard.close();
  }
  return await writer.close();
}

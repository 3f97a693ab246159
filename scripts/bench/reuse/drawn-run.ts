import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readUnit } from '../../../src/corpus/read-unit.js';
import { createRandom } from '../../../src/math/random.js';
import type { ScoredDocument } from '../../../src/records.js';
import type { Commit } from '../../../src/run/commits.js';
import { freezePlan, planHash, type Plan } from '../../../src/run/plan.js';
import { shardName } from '../../../src/run/layout.js';
import { commitUnitFile } from '../../../src/run/unit-file.js';
import { finalizeRun } from '../../../src/scoring/finalize.js';
import type { ScoreOptions } from '../../../src/scoring/options.js';
import { prepareScore } from '../../../src/scoring/prepare.js';
import { shardMetadata } from '../../../src/scoring/shard-metadata.js';
import { ShardWriter, type ShardTotals } from '../../../src/store/writer.js';

/** Losses of a row, over again: a model is not needed to see how fast they are copied. */
const LOSSES = ((): Float32Array => {
  const random = createRandom('drawn losses');
  return Float32Array.from({ length: 1 << 16 }, () => -Math.log(random.float() + 1e-6));
})();

/**
 * A finished run over the options' corpus as `touchstone score` leaves it, but with drawn losses, and with the tokens `tokensOf` gives. Returns its
 * tokens. Millions of tokens take seconds this way.
 */
export async function writeDrawnRun(options: ScoreOptions, tokensOf: (id: string) => Int32Array<ArrayBuffer>): Promise<number> {
  const { run } = options.output;
  const { plan, units, files } = await prepareScore(options);
  await mkdir(run, { recursive: true });
  await freezePlan(run, plan);
  const committed = new Map<number, Commit>();
  for (const [unit, slices] of units.entries()) {
    const shard = await commitUnitFile(run, unit, shardName(unit), async (sink) => {
      const writer = await openWriter(plan, unit, sink);
      for await (const item of readUnit(slices, files, plan.corpus)) {
        if (item.kind !== 'document') throw new Error(item.detail);
        await writer.append(drawnRow(item.id, item.source, item.hash, tokensOf(item.id), plan));
      }
      return await writer.close();
    });
    committed.set(unit, commitOf(plan, unit, shard.file, shard.result));
  }
  return (await finalizeRun(run, plan, committed)).totals.tokens;
}

/** Shards without a run around them: `rows` rows of `tokens` tokens whose texts are numbers. Returns what an earlier run would say of them. */
export async function writeDrawnShards(folder: string, plan: Plan, rows: number, rowsPerShard: number, tokens: number): Promise<{ path: string; sha256: string; bytes: number; rows: number }[]> {
  await mkdir(join(folder, 'shards'), { recursive: true });
  const shards: { path: string; sha256: string; bytes: number; rows: number }[] = [];
  const ids = new Int32Array(tokens);
  for (let first = 0, unit = 0; first < rows; first += rowsPerShard, unit++) {
    const count = Math.min(rowsPerShard, rows - first);
    const { file } = await commitUnitFile(folder, unit, shardName(unit), async (sink) => {
      const writer = await openWriter(plan, unit, sink);
      for (let row = first; row < first + count; row++) await writer.append(drawnRow(`doc-${row}`, 'drawn', textHash(row), ids, plan));
      return await writer.close();
    });
    shards.push({ path: join(folder, file.path), sha256: file.sha256, bytes: file.bytes, rows: count });
  }
  return shards;
}

/** The hash of the text that stands for a number. */
export function textHash(number: number): string {
  return createHash('sha256').update(`text ${number}`).digest('hex');
}

async function openWriter(plan: Plan, unit: number, sink: (chunk: Uint8Array) => Promise<void>): Promise<ShardWriter> {
  const { stats, lossPrecision, rowGroupTokens } = plan.output;
  const columns = { entropy: stats.entropy, top1: stats.top1, tokenBytes: stats.bytes, docStarts: false };
  return await ShardWriter.open({ sink, columns, metadata: shardMetadata(plan, unit), lossPrecision, rowGroupTokens });
}

function drawnRow(id: string, source: string, hash: string, tokenIds: Int32Array<ArrayBuffer>, { output: { stats } }: Plan): ScoredDocument {
  const { length } = tokenIds;
  const refLoss = Float32Array.from({ length }, (_, at) => LOSSES[(at * 31 + length) % LOSSES.length]!);
  return {
    kind: 'tokenized', id, source, hash, tokenIds, refLoss,
    ...(stats.entropy ? { entropy: refLoss } : {}),
    ...(stats.top1 ? { top1: Uint8Array.from(refLoss, (loss) => Number(loss < 0.5)) } : {}),
    ...(stats.bytes ? { tokenBytes: new Int32Array(length).fill(3) } : {}),
  };
}

function commitOf(plan: Plan, unit: number, shard: Commit['shard'], { rows, tokens, scored, lossSum }: ShardTotals): Commit {
  return {
    formatVersion: 1, unit, planHash: planHash(plan), shard, quarantine: null, rows, tokens, scored, nonfinite: 0, lossSum,
    documents: { read: rows, scored: rows, quarantined: 0, skipped: 0 }, computedTokens: tokens, paddedTokens: 0, devices: [{ kind: 'cpu' }], seconds: 1, finishedAt: new Date().toISOString(),
  };
}

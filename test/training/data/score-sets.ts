import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ScoredDocument } from '../../../src/records.js';
import { sha256Of } from '../../../src/run/file-hash.js';
import { shardName } from '../../../src/run/layout.js';
import { writeManifest, type Manifest } from '../../../src/run/manifest.js';
import { freezePlan, planHash, type Plan } from '../../../src/run/plan.js';
import type { TrainingBatch } from '../../../src/training/data/batch.js';
import { examplePlan } from '../../run/example-run.js';
import { shardOf } from '../../store/shards.js';

export const BOS = 1;
export const EOS = 2;
export const VOCAB = 100_000;

/** The reference loss every token has in these sets: a function of its id alone, NaN for some. */
export const lossOf = (id: number): number => (id % 17 === 0 ? NaN : Math.fround(id / 64));
export const entropyOf = (id: number): number => (id % 17 === 0 ? NaN : Math.fround(id / 1024));

export type Bos = Plan['windows']['bos'];

/** Documents of these lengths; every token of a set has an id of its own, from 10 on, so that a token tells where it was read. */
export function documentsOf(lengths: readonly number[], firstId = 10): ScoredDocument[] {
  let id = firstId;
  return lengths.map((length, number) => scored(`doc-${firstId}-${number}`, Int32Array.from({ length }, () => id++)));
}

export function scored(id: string, tokenIds: Int32Array<ArrayBuffer>, extra: Partial<ScoredDocument> = {}): ScoredDocument {
  return {
    kind: 'tokenized',
    id,
    source: 'test',
    hash: sha256Of(id),
    tokenIds,
    refLoss: Float32Array.from(tokenIds, lossOf),
    entropy: Float32Array.from(tokenIds, entropyOf),
    ...extra,
  };
}

export interface SetOptions {
  readonly bos?: Bos;
  readonly contextLength?: number;
  readonly layout?: 'document' | 'packed';
  readonly rowGroupTokens?: number;
  readonly change?: (manifest: Manifest) => Manifest;
}

/** Writes a finished run whose unit u has the documents units[u], and returns its folder, gone after the test. */
export async function scoreSet(units: readonly (readonly ScoredDocument[])[], options: SetOptions = {}): Promise<string> {
  const { bos = 'bos', contextLength = 9, layout = 'document', rowGroupTokens = 40, change = (manifest: Manifest): Manifest => manifest } = options;
  const run = await mkdtemp(join(tmpdir(), 'touchstone-training-'));
  onTestFinished(() => rm(run, { recursive: true, force: true }));
  const plan = planFor(units.length, { layout, contextLength, stride: 4, bos, bosId: BOS, eosId: EOS });
  await freezePlan(run, plan);
  await mkdir(join(run, 'shards'), { recursive: true });
  const shards: Manifest['shards'][number][] = [];
  for (const [unit, documents] of units.entries()) {
    const columns = { entropy: true, top1: false, tokenBytes: false, docStarts: layout === 'packed' };
    const { bytes, totals } = await shardOf(documents, columns, { rowGroupTokens });
    await writeFile(join(run, shardName(unit)), bytes);
    shards.push({ unit, path: shardName(unit), sha256: sha256Of(bytes), nonfinite: 0, ...totals });
  }
  await writeManifest(run, change(manifestOf(plan, shards)));
  return run;
}

/** The packed rows of a set: `rowTokens` tokens each, all ids different; the last row ends with `filling` separators without a loss. */
export function packedRows(rows: number, rowTokens: number, filling: number): ScoredDocument[] {
  return documentsOf(Array.from({ length: rows }, () => rowTokens)).map((row, number) => {
    const { tokenIds, refLoss } = row;
    // Two real separators in each row, both with a loss.
    for (const at of [1, rowTokens - 1 - (number === rows - 1 ? filling : 0)]) {
      tokenIds[at] = EOS;
      refLoss[at] = lossOf(EOS);
    }
    if (number === rows - 1) {
      tokenIds.fill(EOS, rowTokens - filling);
      refLoss.fill(NaN, rowTokens - filling);
    }
    return { ...row, docStarts: Int32Array.of(0) };
  });
}

export function planFor(units: number, windows: Plan['windows']): Plan {
  const plan = examplePlan(units);
  return { ...plan, windows, output: { ...plan.output, stats: { entropy: true, top1: false, bytes: false } } };
}

export function manifestOf(plan: Plan, shards: Manifest['shards']): Manifest {
  const total = (value: (shard: Manifest['shards'][number]) => number): number => shards.reduce((sum, shard) => sum + value(shard), 0);
  const rows = total((shard) => shard.rows);
  return {
    formatVersion: 1,
    planHash: planHash(plan),
    modelHash: plan.model.hash,
    tokenizerHash: plan.tokenizer.hash,
    conventions: { alignment: 'target-indexed', unit: 'nats', notScored: 'NaN', lossPrecision: 'exact', layout: plan.windows.layout },
    computation: { precision: plan.model.precision, devices: [{ kind: 'cpu', units: shards.length }] },
    totals: {
      units: shards.length,
      rows,
      bytes: total(({ bytes }) => bytes),
      tokens: total(({ tokens }) => tokens),
      scored: total(({ scored: count }) => count),
      nonfinite: 0,
      lossSum: total(({ lossSum }) => lossSum),
    },
    documents: { read: rows, scored: rows, quarantined: 0, skipped: 0 },
    duplicateIds: { count: 0, examples: [] },
    shards,
    quarantine: [],
  };
}

/** All of a stream that ends, or its first `limit` items. */
export async function take<T>(items: AsyncIterable<T>, limit = Infinity): Promise<T[]> {
  const all: T[] = [];
  if (limit === 0) return all;
  for await (const item of items) {
    all.push(item);
    if (all.length === limit) break;
  }
  return all;
}

/** The ids of a batch's targets that are trained on and are tokens of documents. */
export function trainedTokens(batch: TrainingBatch): number[] {
  return [...batch.targets].filter((id, i) => batch.eligible[i] === 1 && id !== EOS);
}

import type { TrainingBatch } from './batch.js';
import { packBatches, type PackOptions } from './pack-batches.js';
import { openScoreSetRows, type ScoreSetRowsOptions } from './score-set-rows.js';
import { verifyScoreSet } from './verify-source.js';

/** How a score set becomes batches for a trainer outside of this program. */
export interface ScoreSetBatchesOptions extends Pick<PackOptions, 'rank' | 'epochs' | 'from'>, Pick<ScoreSetRowsOptions, 'windowTokens' | 'verify'> {
  /** B, of this rank. */
  readonly sequences: number;
  /** T; default: what the set was scored with, less the one token that is a target only. */
  readonly length?: number;
  /** Seed of the order of rows, another one in each epoch; null = the order of the corpus. Default "0". */
  readonly seed?: string | null;
  /** Whether batches carry the entropy of the reference model; default false. */
  readonly entropy?: boolean;
}

/**
 * The rows of a finished score set as (B, T) batches with the reference loss of every target, in the order in which `train` would read them. Processes that train
 * together each name their rank and get their own part of the same global batches; gradients are theirs to exchange. A batch's `next` is where the following
 * one begins: kept in a checkpoint, as JSON, and given back as `from`, it resumes to the exact batch.
 *
 * Throws what opening a score set throws (a run that is not finished, a damaged shard), and what packBatches throws.
 */
export async function* scoreSetBatches(run: string, options: ScoreSetBatchesOptions): AsyncGenerator<TrainingBatch, void, undefined> {
  const { sequences, length = 'auto', seed = '0', entropy = false, rank, epochs, from, windowTokens, verify } = options;
  const optional = <K extends string, V>(name: K, value: V | undefined): { readonly [name in K]?: V } => (value === undefined ? {} : ({ [name]: value } as { readonly [name in K]: V }));
  const vocabSize = 2 ** 31;
  const rows = await openScoreSetRows(run, { seed, losses: true, entropy, vocabSize, ...optional('windowTokens', windowTokens), ...optional('verify', verify) });
  const { hash: tokenizerHash } = rows.plan.tokenizer;
  const { format } = verifyScoreSet(rows, { tokenizerHash, vocabSize, length, bos: 'auto', needs: { reference: true, entropy } });
  yield* packBatches(rows, { format, sequences, positions: 'all', ...optional('rank', rank), ...optional('epochs', epochs), ...optional('from', from) });
}

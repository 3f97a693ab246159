import { TouchstoneError } from '../../errors.js';

/** One of several processes that train together. */
export interface Rank {
  /** From 0 to count - 1. */
  readonly index: number;
  readonly count: number;
}

export const ONLY_RANK: Rank = { index: 0, count: 1 };

/** Which sequences of every global batch are a rank's own: numbers from first up to, not including, end. */
export interface RankShare {
  readonly first: number;
  readonly end: number;
  /** Sequences of a global batch: those of all ranks. */
  readonly all: number;
}

/**
 * How ranks share one stream of sequences. A global batch is the next count * `sequences` sequences of it; rank r takes the r-th `sequences` of
 * these. So every sequence belongs to exactly one rank, all ranks have the same number of batches, and the global batch is the same set of sequences
 * however many ranks divide it: 4 ranks of 2, 1 rank of 8, or 1 rank that accumulates 4 batches of 2. The remainder: epochs run on into each
 * other and leave none; where a stream ends, the last global batch is filled up with sequences that have no target.
 *
 * Every rank reads the whole stream and copies its own part, which costs it about a core-second for 10 M tokens that all ranks train on.
 */
export function rankShare({ index, count }: Rank, sequences: number): RankShare {
  if (!Number.isSafeInteger(count) || count < 1) throw new TouchstoneError('usage', `the number of ranks must be a whole number from 1, got ${count}`);
  if (!Number.isSafeInteger(index) || index < 0 || index >= count) {
    throw new TouchstoneError('usage', `the rank must be from 0 to ${count - 1}, one less than the number of ranks, got ${index}`);
  }
  return { first: index * sequences, end: (index + 1) * sequences, all: count * sequences };
}

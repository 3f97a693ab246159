import { TouchstoneError } from '../errors.js';
import { ranksOf } from './ranks.js';

/** Whole numbers up to here are exact in float32. */
const EXACT = 2 ** 24;

/**
 * The score of the `intersection` over [start, end): 0 minus the worse of a token's two ranks (0 = best) among the candidates, so that
 * keeping the n largest keeps the overlap of the m best tokens by `first` and the m best by `second`, for the smallest m whose
 * overlap holds n tokens. One more step of m may add two tokens at once; if one of them is too many, the lower index stays.
 * keepFraction therefore means the share that is kept, as with every other score, and m / candidates is never below it.
 * -Infinity in `first` and `second` marks what is no candidate, and stays. Overwrites `first`.
 */
export function intersectScores(first: Float32Array, second: Float32Array, start: number, end: number): void {
  if (end - start > EXACT) {
    throw new TouchstoneError('usage', `selection.score intersection takes at most ${EXACT} tokens at once, got ${end - start}`, {
      advice: 'Use smaller batches, or scope: sequence.',
    });
  }
  const byFirst = ranksOf(first, start, end);
  const bySecond = ranksOf(second, start, end);
  for (let i = start; i < end; i++) {
    if (first[i]! > -Infinity) first[i] = 0 - Math.max(byFirst[i - start]!, bySecond[i - start]!);
  }
}

import type { Batch } from '../../../src/windows/batch.js';
import type { LlamaShape } from '../random-checkpoint.js';

/**
 * Floating-point operations of the matrix products a batch needs, padding left out: with L layers, hidden size D, intermediate size I, vocabulary V,
 * for every sequence of t tokens of which s are scored
 *
 *     2 t L (4 D^2 + 3 D I)  projections: queries, keys, values, output; gate, up, down
 *   + 2 t (t + 1) L D        attention, scores and mixing, each query with itself and the keys before it
 *   + 2 s D V                head
 */
export function neededFlops({ layers, hiddenSize, intermediateSize, vocabSize }: LlamaShape, { windows }: Batch): number {
  const layer = 4 * hiddenSize ** 2 + 3 * hiddenSize * intermediateSize;
  let flops = 0;
  for (const { window: { length, firstTarget, endTarget } } of windows) {
    flops += 2 * length * layers * layer;
    flops += 2 * length * (length + 1) * layers * hiddenSize;
    flops += 2 * (endTarget - firstTarget) * hiddenSize * vocabSize;
  }
  return flops;
}

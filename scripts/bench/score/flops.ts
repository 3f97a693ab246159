import type { ModelSpec } from '../../../src/records.js';
import type { Batch } from '../../../src/windows/batch.js';

/**
 * Floating-point operations of the matrix products a batch needs, padding left out: with L layers of P parameters in matrices, hidden size D, heads that are
 * together A wide, vocabulary V, for every sequence of t tokens of which s are scored
 *
 *     2 t L P            projections and MLP
 *   + 2 t (t + 1) L A    attention, scores and mixing, each query with itself and the keys before it
 *   + 2 s D V            head
 */
export function neededFlops(spec: ModelSpec, { windows }: Pick<Batch, 'windows'>): number {
  const { layers, hiddenSize, vocabSize } = spec;
  const { parameters, attentionWidth } = layerOf(spec);
  let flops = 0;
  for (const { window: { length, firstTarget, endTarget } } of windows) {
    flops += 2 * length * layers * parameters;
    flops += 2 * length * (length + 1) * layers * attentionWidth;
    flops += 2 * (endTarget - firstTarget) * hiddenSize * vocabSize;
  }
  return flops;
}

/** Parameters of a layer that are in matrices, and how wide its attention heads are together. */
export function layerOf(spec: ModelSpec): { readonly parameters: number; readonly attentionWidth: number } {
  const { hiddenSize, intermediateSize, heads } = spec;
  if (spec.family !== 'llama') return { parameters: 4 * hiddenSize ** 2 + 2 * hiddenSize * intermediateSize, attentionWidth: hiddenSize };
  const attentionWidth = heads * spec.headDim;
  return { parameters: 2 * hiddenSize * attentionWidth + 2 * hiddenSize * spec.kvHeads * spec.headDim + 3 * hiddenSize * intermediateSize, attentionWidth };
}

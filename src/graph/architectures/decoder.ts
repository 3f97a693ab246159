import type { ModelSpec } from '../../records.js';
import type { GraphBuilder } from '../builder.js';
import { floatMatrices, type Matrices } from '../layers/matrices.js';
import type { Sequence } from '../layers/sequence.js';
import type { Weights } from '../weights.js';
import type { Decoder } from './decoder-parts.js';
import { gpt2 } from './gpt2.js';
import { gptNeox } from './gpt-neox.js';
import { llama } from './llama.js';

export type { Decoder } from './decoder-parts.js';

/** The decoder of any supported architecture. `positions`: the longest sequence it will see. `matrices`: how its products are computed; default float32. */
export function decoder(g: GraphBuilder, grid: Sequence, spec: ModelSpec, weights: Weights, positions: number, matrices: Matrices = floatMatrices): Decoder {
  switch (spec.family) {
    case 'llama': return llama(g, grid, spec, weights, matrices, positions);
    case 'gpt2': return gpt2(g, grid, spec, weights, matrices);
    case 'gpt-neox': return gptNeox(g, grid, spec, weights, matrices, positions);
  }
}

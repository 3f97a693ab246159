import type { ModelSpec } from '../../../records.js';
import type { GraphBuilder } from '../../builder.js';
import type { Sequence } from '../../layers/sequence.js';
import type { BodyType, Weights } from '../../weights.js';
import type { FusedDecoder } from './fused-parts.js';
import { fusedGpt2 } from './gpt2.js';
import { fusedGptNeox } from './gpt-neox.js';
import { fusedLlama } from './llama.js';

export type { FusedDecoder } from './fused-parts.js';

/**
 * The decoder of any supported architecture in few, large operators, as a GPU likes it. `positions`: the longest sequence it will see; `type`: of the weights
 * taken.
 */
export function fusedDecoder(g: GraphBuilder, grid: Sequence, spec: ModelSpec, weights: Weights, positions: number, type: BodyType): FusedDecoder {
  switch (spec.family) {
    case 'llama': return fusedLlama(g, grid, spec, weights, positions, type);
    case 'gpt2': return fusedGpt2(g, grid, spec, weights, positions, type);
    case 'gpt-neox': return fusedGptNeox(g, grid, spec, weights, positions, type);
  }
}

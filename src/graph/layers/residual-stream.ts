import type { GraphBuilder } from '../builder.js';
import { skipLayerNorm, skipRmsNorm, type SkipNorm } from '../fused-ops.js';
import type { Value } from '../ir.js';
import { layerNorm, rmsNorm } from '../ops.js';

/** What runs through a decoder, rows [B*T, D]: a sum, and what a layer has computed and the next norm adds to it on its way. */
export interface ResidualStream {
  readonly sum: Value;
  readonly branch: Branch | null;
}

export interface Branch {
  readonly rows: Value;
  /** [D], or null for none. */
  readonly bias: Value | null;
}

/** Weights [D] of a norm; with a shift, of one that takes the mean off. */
export interface NormWeights {
  readonly weight: Value;
  readonly shift: Value | null;
}

/** Adds the branch to the sum and normalises it, in one pass over memory. */
export function normalised(g: GraphBuilder, { sum, branch }: ResidualStream, { weight, shift }: NormWeights, epsilon: number): SkipNorm {
  if (branch === null) return { sum, normed: shift === null ? rmsNorm(g, sum, weight, epsilon) : layerNorm(g, sum, weight, shift, epsilon) };
  const { rows, bias } = branch;
  return shift === null ? skipRmsNorm(g, rows, sum, bias, weight, epsilon) : skipLayerNorm(g, rows, sum, bias, weight, shift, epsilon);
}

import type { Activation } from '../../records.js';
import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import { gelu, linear, mul, relu, silu } from '../ops.js';

export function activate(g: GraphBuilder, x: Value, activation: Activation): Value {
  switch (activation) {
    case 'gelu': return gelu(g, x, 'none');
    case 'gelu-tanh': return gelu(g, x, 'tanh');
    case 'relu': return relu(g, x);
    case 'silu': return silu(g, x);
  }
}

/** A matrix stored [out, in] and its bias [out]. */
export interface LinearWeights {
  readonly weight: Value;
  readonly bias: Value | null;
}

/** down(silu(gate(x)) * up(x)) on rows x [R, D]. SwiGLU, https://arxiv.org/abs/2002.05202 */
export function swiGlu(g: GraphBuilder, x: Value, gate: LinearWeights, up: LinearWeights, down: LinearWeights): Value {
  const gated = silu(g, linear(g, x, gate.weight, gate.bias));
  return linear(g, mul(g, gated, linear(g, x, up.weight, up.bias)), down.weight, down.bias);
}

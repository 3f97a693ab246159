import type { Activation } from '../../records.js';
import type { GraphBuilder } from '../builder.js';
import { biasGelu } from '../fused-ops.js';
import type { Value } from '../ir.js';
import { add, gelu, mul, relu, silu } from '../ops.js';
import type { Matrix } from './matrices.js';

export function activate(g: GraphBuilder, x: Value, activation: Activation): Value {
  switch (activation) {
    case 'gelu': return gelu(g, x, 'none');
    case 'gelu-tanh': return gelu(g, x, 'tanh');
    case 'relu': return relu(g, x);
    case 'silu': return silu(g, x);
  }
}

/** The activation of x + bias, x [R, D], bias [D]. */
export function activateBiased(g: GraphBuilder, x: Value, bias: Value, activation: Activation): Value {
  if (activation === 'gelu') return biasGelu(g, x, bias, 'none');
  if (activation === 'gelu-tanh') return biasGelu(g, x, bias, 'tanh');
  return activate(g, add(g, x, bias), activation);
}

/** down(silu(gate(x)) * up(x)) on rows x [R, D]. SwiGLU, https://arxiv.org/abs/2002.05202 */
export function swiGlu(g: GraphBuilder, x: Value, gate: Matrix, up: Matrix, down: Matrix): Value {
  return down(g, mul(g, silu(g, gate(g, x)), up(g, x)));
}

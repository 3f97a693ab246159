import type { GraphBuilder } from '../builder.js';
import type { Dim, Value } from '../ir.js';
import { fusedMatMul, matMul, reshape, sumOver, transpose } from '../ops.js';
import { floatAttribute, intAttribute, operand, type Rule } from './rule.js';

/** y = s op(a) op(b), where op may transpose the last two axes; the gradients are products of the same kind. */
const product: Rule = (g, forward) => {
  const a = operand(forward, 0);
  const b = operand(forward, 1);
  const { grad } = forward;
  const transA = intAttribute(forward, 'transA', 0) === 1;
  const transB = intAttribute(forward, 'transB', 0) === 1;
  const scale = floatAttribute(forward, 'alpha', 1);
  const da = transA ? () => fusedMatMul(g, b, grad, { transA: transB, transB: true, scale }) : () => fusedMatMul(g, grad, b, { transB: !transB, scale });
  const db = transB ? () => fusedMatMul(g, grad, a, { transA: true, transB: transA, scale }) : () => fusedMatMul(g, a, grad, { transA: !transA, scale });
  return [forward.wants(0) ? da() : null, forward.wants(1) ? db() : null];
};

export const MATRIX_RULES: Readonly<Record<string, Rule>> = {
  MatMul: product,
  FusedMatMul: product,
  /** x [R, I] W + bias, W stored [I, O] or, with transB, [O, I]. */
  Gemm: (g, forward) => {
    const x = operand(forward, 0);
    const weight = operand(forward, 1);
    const { grad } = forward;
    const transposed = intAttribute(forward, 'transB', 0) === 1;
    const dx = (): Value => (transposed ? matMul(g, grad, weight) : fusedMatMul(g, grad, weight, { transB: true }));
    const dw = (): Value => (transposed ? rowProduct(g, grad, x) : rowProduct(g, x, grad));
    return [forward.wants(0) ? dx() : null, forward.wants(1) ? dw() : null, forward.wants(2) ? sumOver(g, grad, [0]) : null];
  },
};

/**
 * a^T b of a [R, M] and b [R, N]: [M, N]. The narrower of the two is laid out by columns first: a product that reads a matrix by columns as it goes takes
 * 10 to 25 % longer on CPU than one that reads such a copy, even where its result has to be transposed back.
 */
function rowProduct(g: GraphBuilder, a: Value, b: Value): Value {
  if ((a.shape[1] as number) < (b.shape[1] as number)) return matMul(g, columns(g, a), b);
  return transpose(g, matMul(g, columns(g, b), a), [1, 0]);
}

/** x [R, M] as [M, R]. The Reshape changes nothing but keeps the runtime from folding the copy back into the product that reads it. */
function columns(g: GraphBuilder, x: Value): Value {
  const [rows, width] = x.shape as [Dim, number];
  return reshape(g, transpose(g, x, [1, 0]), [width, rows], [width, -1]);
}

import { fusedMatMul, matMul, sumOver } from '../ops.js';
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
    const dx = (): ReturnType<typeof matMul> => (transposed ? matMul(g, grad, weight) : fusedMatMul(g, grad, weight, { transB: true }));
    const dw = (): ReturnType<typeof matMul> => (transposed ? fusedMatMul(g, grad, x, { transA: true }) : fusedMatMul(g, x, grad, { transA: true }));
    return [forward.wants(0) ? dx() : null, forward.wants(1) ? dw() : null, forward.wants(2) ? sumOver(g, grad, [0]) : null];
  },
};

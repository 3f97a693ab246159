import type { GraphBuilder } from './builder.js';
import { int, type Value } from './ir.js';
import { add, div, mul, scalar, sqrt, sub } from './ops.js';

/** The square root of the sum of all squares of all gradients: one float32 number. */
export function globalNorm(g: GraphBuilder, grads: readonly Value[]): Value {
  const squares = grads.map((grad) => g.node('ReduceSumSquare', [grad], 'float32', [], { attributes: { keepdims: int(0) } }));
  const total = squares.length === 1 ? squares[0]! : g.node('Sum', squares, 'float32', []);
  return sqrt(g, total);
}

/** What every gradient is multiplied by so that their global norm is at most `limit`; torch.nn.utils.clip_grad_norm_'s rule. */
export function clipFactor(g: GraphBuilder, norm: Value, limit: number): Value {
  const ratio = div(g, scalar(g, limit), add(g, norm, scalar(g, 1e-6)));
  return g.node('Min', [ratio, scalar(g, 1)], 'float32', []);
}

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** Numbers that change from step to step, all float32 scalars. */
export interface AdamWStep {
  /** Learning rate / (1 - beta1^step). */
  readonly stepSize: Value;
  /** 1 / sqrt(1 - beta2^step). */
  readonly varianceScale: Value;
  /** 1 - learning rate * weight decay. */
  readonly decay: Value;
}

export interface AdamWState {
  readonly parameter: Value;
  /** Moving averages of the gradient and of its square. */
  readonly moment: Value;
  readonly variance: Value;
}

/**
 * One step of Adam with decoupled weight decay (https://arxiv.org/abs/1711.05101), in PyTorch's order of operations.
 * The caller may let each result overwrite its input: only the node that makes a result reads the input it replaces after others have.
 *
 * @param decayed whether weight decay applies to this parameter
 */
export function adamW(g: GraphBuilder, state: AdamWState, grad: Value, step: AdamWStep, { beta1, beta2, epsilon }: AdamWOptions, decayed: boolean): AdamWState {
  const moment = add(g, mul(g, state.moment, scalar(g, beta1)), mul(g, grad, scalar(g, 1 - beta1)));
  const variance = add(g, mul(g, state.variance, scalar(g, beta2)), mul(g, mul(g, grad, grad), scalar(g, 1 - beta2)));
  const deviation = add(g, mul(g, sqrt(g, variance), step.varianceScale), scalar(g, epsilon));
  const kept = decayed ? mul(g, state.parameter, step.decay) : state.parameter;
  return { parameter: sub(g, kept, mul(g, div(g, moment, deviation), step.stepSize)), moment, variance };
}

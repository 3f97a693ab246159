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

/** Numbers of one step, all float32 scalars. */
export interface AdamWStep {
  /** Learning rate * sqrt(1 - beta2^t) / (1 - beta1^t). */
  readonly size: Value;
  /** Epsilon * sqrt(1 - beta2^t). */
  readonly epsilon: Value;
  /** 1 - learning rate * weight decay. */
  readonly decay: Value;
}

/**
 * Asks for the inputs `step_size`, learning rate / (1 - beta1^t), `variance_scale`, 1 / sqrt(1 - beta2^t), and `decay`, 1 - learning rate * weight decay.
 *
 * @param input a float32 scalar by its name
 */
export function adamWStep(g: GraphBuilder, input: (name: 'step_size' | 'variance_scale' | 'decay') => Value, { epsilon }: AdamWOptions): AdamWStep {
  const stepSize = input('step_size');
  const varianceScale = input('variance_scale');
  return { size: div(g, stepSize, varianceScale), epsilon: div(g, scalar(g, epsilon), varianceScale), decay: input('decay') };
}

/** Moving averages of the gradient and of its square. */
export interface Moments {
  readonly moment: Value;
  readonly variance: Value;
}

/** The factors of a gradient and of its square in their moving averages, clipping included: float32 scalars, the same for every parameter. */
export interface MomentFactors {
  readonly first: Value;
  readonly second: Value;
}

/** @param clip what every gradient is multiplied by: float32 [] */
export function momentFactors(g: GraphBuilder, clip: Value, { beta1, beta2 }: AdamWOptions): MomentFactors {
  return { first: mul(g, clip, scalar(g, 1 - beta1)), second: mul(g, mul(g, clip, clip), scalar(g, 1 - beta2)) };
}

/** The averages after one more gradient, as values of the given names. The caller may let each overwrite its input. */
export function nextMoments(g: GraphBuilder, { moment, variance }: Moments, grad: Value, factors: MomentFactors, { beta1, beta2 }: AdamWOptions, names: Readonly<Record<keyof Moments, string>>): Moments {
  const average = (old: Value, beta: number, fresh: Value, factor: Value, name: string): Value =>
    g.node('Add', [mul(g, old, scalar(g, beta)), mul(g, fresh, factor)], old.dtype, old.shape, { name });
  return {
    moment: average(moment, beta1, grad, factors.first, names.moment),
    variance: average(variance, beta2, mul(g, grad, grad), factors.second, names.variance),
  };
}

/**
 * A parameter after one step of Adam with decoupled weight decay (https://arxiv.org/abs/1711.05101), given its new moments:
 * p (1 - rate * weight decay) - rate * m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon), where the numbers of the step are brought together first.
 * The caller may let the result overwrite the parameter.
 *
 * @param decayed whether weight decay applies to this parameter
 */
export function adamW(g: GraphBuilder, parameter: Value, { moment, variance }: Moments, step: AdamWStep, decayed: boolean): Value {
  const kept = decayed ? mul(g, parameter, step.decay) : parameter;
  return sub(g, kept, mul(g, div(g, moment, add(g, sqrt(g, variance), step.epsilon)), step.size));
}

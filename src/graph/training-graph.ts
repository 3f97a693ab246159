import { GraphBuilder } from './builder.js';
import type { Graph } from './ir.js';
import { add } from './ops.js';
import { microBatch, optimizerStep, type StepTensors, type TrainingStepOptions } from './training-step.js';

export { momentName, varianceName } from './training-step.js';

export interface TrainingGraphOptions extends TrainingStepOptions {
  /** 'accumulate' adds the gradients of a micro-batch to those of earlier ones; 'update' does that too, clips, and steps the optimizer. */
  readonly phase: 'accumulate' | 'update';
  /** Whether gradients of earlier micro-batches come in. */
  readonly accumulated: boolean;
}

/** A training step as a graph, and the names by which its tensors are fed and fetched. */
export interface TrainingGraph {
  readonly graph: Graph;
  /** In the order of first use; each is an input, and with 'update' an output under `${name}/next`. */
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export const gradientName = (parameter: string): string => `${parameter}/gradient`;
/** The output that replaces an input. */
export const nextName = (input: string): string => `${input}/next`;

/**
 * Forward, loss, selection, backward, clipping and AdamW in one graph.
 *
 * Inputs: the parameters; `input_ids` int32 (B, T); `rows` and `targets` int32 (N), flat positions in B*T and the id that follows each.
 * Selective: `offsets` float32 (S, L) with S*L = N, -Infinity where a position is no candidate; `live_weight` and `threshold` float32 ();
 * `keep` int64 (S). Kept are, in each of the S groups, the `keep` highest scores that are at least `threshold`.
 * With `accumulated`: a gradient for each parameter. With 'update': moment and variance for each, `step_size`, `variance_scale`, `decay`,
 * and `denominator` and `kept_before` float32 (): gradients of the summed loss are divided by `denominator`, or, where that is 0, by the
 * number of tokens kept in this micro-batch and the `kept_before` of earlier ones; with a temperature, by the sum of their weights instead.
 * Outputs: `live_loss` float32 (N) in nats; `selected` int64 (M), indices into N of what is kept (selective only); `loss_sum` float32 (), over the
 * selected or, with a temperature, over every token times its weight; then also `weight_sum` float32 ();
 * and either the summed gradients, or `gradient_norm` float32 () of the mean loss before clipping and the next parameters, moments and variances.
 * Only the selected rows, or those with a weight above 0, go through the backward pass of the head.
 */
export function buildTrainingGraph(options: TrainingGraphOptions): TrainingGraph {
  const g = new GraphBuilder(`train_${options.spec.modelType}`);
  const tensors: StepTensors = {
    input: (name, dtype, shape) => g.input(name, dtype, shape),
    state: (name, shape) => g.input(name, 'float32', shape),
    nextName,
    replace: (state, value) => { g.output(nextName(state), value); },
    output: (name, value) => { g.output(name, value); },
  };
  const { parameters, gradients, count } = microBatch(g, options, tensors);
  const summed = parameters.map(({ name, value }, at) => (options.accumulated ? add(g, tensors.state(gradientName(name), value.shape as number[]), gradients[at]!) : gradients[at]!));
  if (options.phase === 'accumulate') {
    parameters.forEach(({ name }, at) => { tensors.replace(gradientName(name), summed[at]!); });
  } else {
    optimizerStep(g, options, tensors, parameters, summed, () => add(g, tensors.input('kept_before', 'float32', []), count()));
  }
  return { graph: g.build(), parameters: parameters.map(({ name, value }) => ({ name, shape: value.shape as number[] })) };
}

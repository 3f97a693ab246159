import type { ModelSpec } from '../records.js';
import { decoder } from './architectures/decoder.js';
import { GraphBuilder } from './builder.js';
import { gradients } from './gradient/backward.js';
import type { Graph, Value } from './ir.js';
import { trainingBlocksFor } from './layers/causal-blocks.js';
import { sequence } from './layers/sequence.js';
import { nonZero, rankScores, selectHighest, tokenWeights } from './layers/token-selection.js';
import { add, cast, div, exp, gatherColumn, gatherRows, logSoftmax, mul, neg, reshape, scalar, shapeOf, sumOver, unsqueeze } from './ops.js';
import { adamW, adamWStep, clipFactor, globalNorm, momentFactors, nextMoments, type AdamWOptions } from './optimizer.js';
import { parameterInputs } from './weights.js';

export interface TrainingGraphOptions {
  readonly spec: ModelSpec;
  /** T; batches may be shorter, down to a position for each of the blocks attention is computed in, which are 8 at most. */
  readonly contextLength: number;
  /**
   * 'causal' trains on every position of `rows`. 'selective' trains on the `keep` highest scores of each group of positions, where a
   * score is live loss * live_weight + offset: 1 and -reference loss give the excess loss.
   */
  readonly objective: 'causal' | 'selective';
  /** Weights instead of a mask: what is not kept counts exp(-lack / temperature). null = a mask. Only with 'selective'; default null. */
  readonly temperature?: number | null;
  /** 'accumulate' adds the gradients of a micro-batch to those of earlier ones; 'update' does that too, clips, and steps the optimizer. */
  readonly phase: 'accumulate' | 'update';
  /** Whether gradients of earlier micro-batches come in. */
  readonly accumulated: boolean;
  readonly optimizer: AdamWOptions & { readonly clipNorm: number };
  /** Whether weight decay applies to a parameter. */
  readonly decays: (name: string, shape: readonly number[]) => boolean;
}

/** A training step as a graph, and the names by which its tensors are fed and fetched. */
export interface TrainingGraph {
  readonly graph: Graph;
  /** In the order of first use; each is an input, and with 'update' an output under `${name}/next`. */
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
}

export const momentName = (parameter: string): string => `${parameter}/moment`;
export const varianceName = (parameter: string): string => `${parameter}/variance`;
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
  const { spec, objective, phase, optimizer } = options;
  const g = new GraphBuilder(`train_${spec.modelType}`);
  const grid = sequence(g, g.input('input_ids', 'int32', ['B', 'T']), { count: trainingBlocksFor(options.contextLength), cut: 'even' });
  const rows = g.input('rows', 'int32', ['N']);
  const targets = g.input('targets', 'int32', ['N']);
  const weights = parameterInputs(g);
  const { hidden, project } = decoder(g, grid, spec, weights, options.contextLength);

  const logProbs = logSoftmax(g, project(g, gatherRows(g, hidden, rows)));
  const liveLoss = neg(g, gatherColumn(g, logProbs, targets));
  g.output('live_loss', liveLoss);

  const chosen = objective === 'causal' ? all(rows, targets, liveLoss, logProbs) : selected(g, rows, targets, liveLoss, logProbs, options.temperature ?? null);
  const { weights: tokenWeight } = chosen;
  g.output('loss_sum', sumOver(g, tokenWeight === null ? chosen.liveLoss : mul(g, chosen.liveLoss, tokenWeight), [0]));

  // The forward pass of these logits is never run: their gradient is known in closed form, and nothing else asks for them.
  const logits = project(g, gatherRows(g, hidden, chosen.rows));
  const parameters = weights.parameters;
  const grads = gradients(g, [{ value: logits, grad: crossEntropyGradient(g, chosen, logits) }], parameters);
  const summed = parameters.map((parameter, at) => {
    if (!options.accumulated) return grads[at]!;
    return add(g, g.input(gradientName(parameter.name), 'float32', parameter.shape), grads[at]!);
  });

  if (phase === 'accumulate') {
    parameters.forEach(({ name }, at) => { g.output(nextName(gradientName(name)), summed[at]!); });
  } else {
    const denominator = lossDenominator(g, chosen);
    const norm = div(g, globalNorm(g, summed), denominator);
    g.output('gradient_norm', norm);
    const factor = div(g, clipFactor(g, norm, optimizer.clipNorm), denominator);
    const factors = momentFactors(g, factor, optimizer);
    const step = adamWStep(g, optimizer);
    parameters.forEach((parameter, at) => {
      const { name, shape } = parameter;
      const names = { moment: nextName(momentName(name)), variance: nextName(varianceName(name)) };
      const before = { moment: g.input(momentName(name), 'float32', shape), variance: g.input(varianceName(name), 'float32', shape) };
      const moments = nextMoments(g, before, summed[at]!, factors, optimizer, names);
      g.output(names.moment, moments.moment);
      g.output(names.variance, moments.variance);
      g.output(nextName(name), adamW(g, parameter, moments, step, options.decays(name, shape as number[])));
    });
  }
  return { graph: g.build(), parameters: parameters.map(({ name, shape }) => ({ name, shape: shape as readonly number[] })) };
}

/** The positions that are trained on. */
interface Chosen {
  readonly rows: Value;
  readonly targets: Value;
  readonly liveLoss: Value;
  readonly logProbs: Value;
  /** [M] above 0, and their sum; null where each counts 1. */
  readonly weights: Value | null;
  readonly weightSum: Value | null;
}

function all(rows: Value, targets: Value, liveLoss: Value, logProbs: Value): Chosen {
  return { rows, targets, liveLoss, logProbs, weights: null, weightSum: null };
}

function selected(g: GraphBuilder, rows: Value, targets: Value, liveLoss: Value, logProbs: Value, temperature: number | null): Chosen {
  const offsets = g.input('offsets', 'float32', ['S', 'L']);
  const liveWeight = g.input('live_weight', 'float32', []);
  const keep = g.input('keep', 'int64', ['S']);
  const live = reshape(g, liveLoss, ['S', 'L'], shapeOf(g, offsets));
  const threshold = g.input('threshold', 'float32', []);
  const ranked = rankScores(g, add(g, mul(g, live, liveWeight), offsets));
  const kept = selectHighest(g, ranked, keep, threshold);
  g.output('selected', kept);
  const pick = (picked: Value, weights: Value | null, weightSum: Value | null): Chosen => {
    const take = (x: Value): Value => gatherRows(g, x, picked);
    return { rows: take(rows), targets: take(targets), liveLoss: take(liveLoss), logProbs: take(logProbs), weights: weights === null ? null : take(weights), weightSum };
  };
  if (temperature === null) return pick(kept, null, null);
  const weights = tokenWeights(g, ranked, keep, threshold, temperature);
  const weightSum = sumOver(g, weights, [0]);
  g.output('weight_sum', weightSum);
  return pick(nonZero(g, weights), weights, weightSum);
}

/** What the summed loss is divided by: a float32 number above 0. */
function lossDenominator(g: GraphBuilder, { targets, weightSum }: Chosen): Value {
  const given = g.input('denominator', 'float32', []);
  const before = g.input('kept_before', 'float32', []);
  const here = weightSum ?? cast(g, g.node('Size', [targets], 'int64', []), 'float32');
  const total = add(g, before, here);
  const positive = (x: Value): Value => g.node('Greater', [x, scalar(g, 0)], 'bool', []);
  const kept = g.node('Where', [positive(total), total, scalar(g, 1)], 'float32', []);
  return g.node('Where', [positive(given), given, kept], 'float32', []);
}

/** Gradient of the sum of the (weighted) losses with respect to the logits: softmax minus one-hot of the target. logProbs [M, V], targets [M]. */
function crossEntropyGradient(g: GraphBuilder, { logProbs, targets, weights }: Chosen, logits: Value): Value {
  const columns = unsqueeze(g, cast(g, targets, 'int64'), 1);
  const minusOne = g.node('Expand', [g.constant('float32', [], [-1]), shapeOf(g, columns)], 'float32', columns.shape);
  const gradient = g.node('ScatterElements', [exp(g, logProbs), columns, minusOne], 'float32', logits.shape, {
    attributes: { axis: { kind: 'int', value: 1 }, reduction: { kind: 'string', value: 'add' } },
  });
  return weights === null ? gradient : mul(g, gradient, unsqueeze(g, weights, 1));
}

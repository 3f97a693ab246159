import type { ModelSpec } from '../records.js';
import { decoder } from './architectures/decoder.js';
import type { GraphBuilder } from './builder.js';
import { gradients } from './gradient/backward.js';
import type { DataType, Dim, Value } from './ir.js';
import { trainingBlocksFor } from './layers/causal-blocks.js';
import { sequence } from './layers/sequence.js';
import { nonZero, rankScores, selectHighest, tokenWeights } from './layers/token-selection.js';
import { add, cast, div, exp, gatherColumn, gatherRows, logSoftmax, mul, neg, reshape, scalar, shapeOf, sumOver, unsqueeze } from './ops.js';
import { adamW, adamWStep, clipFactor, globalNorm, momentFactors, nextMoments, type AdamWOptions } from './optimizer.js';
import { parameterValues } from './weights.js';

export interface TrainingStepOptions {
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
  readonly optimizer: AdamWOptions & { readonly clipNorm: number };
  /** Whether weight decay applies to a parameter. */
  readonly decays: (name: string, shape: readonly number[]) => boolean;
}

/**
 * Where the tensors of a step come from and where they go: the inputs and outputs of a graph of one step, or the rows of stacked inputs and the variables of a
 * Loop over several. Names and shapes are those that buildTrainingGraph lists.
 */
export interface StepTensors {
  /** What is given to a step anew. */
  input(name: string, dtype: DataType, shape: readonly Dim[]): Value;
  /** What a step finds and replaces: a float32 tensor. */
  state(name: string, shape: readonly number[]): Value;
  /** What the value that is to replace a state should be called, so that it need not be copied to be given out. */
  nextName(state: string): string;
  replace(state: string, value: Value): void;
  /** What a step tells. */
  output(name: string, value: Value): void;
}

export const momentName = (parameter: string): string => `${parameter}/moment`;
export const varianceName = (parameter: string): string => `${parameter}/variance`;

/** A parameter or the gradient of one, under the parameter's name. */
export interface Named {
  readonly name: string;
  readonly value: Value;
}

/** What one micro-batch gives. */
export interface MicroBatch {
  /** Gradients of the summed loss, in the order in which the parameters are first used. */
  readonly parameters: readonly Named[];
  readonly gradients: readonly Value[];
  /** Emits how many tokens were trained on, or the sum of their weights: float32 []. */
  readonly count: () => Value;
}

/** Forward, selection and backward. */
export function microBatch(g: GraphBuilder, options: TrainingStepOptions, tensors: StepTensors): MicroBatch {
  const { spec, objective } = options;
  const grid = sequence(g, tensors.input('input_ids', 'int32', ['B', 'T']), { count: trainingBlocksFor(options.contextLength), cut: 'even' });
  const rows = tensors.input('rows', 'int32', ['N']);
  const targets = tensors.input('targets', 'int32', ['N']);
  const weights = parameterValues((name, shape) => tensors.state(name, shape));
  const { hidden, project } = decoder(g, grid, spec, weights, options.contextLength);

  const logProbs = logSoftmax(g, project(g, gatherRows(g, hidden, rows)));
  const liveLoss = neg(g, gatherColumn(g, logProbs, targets));
  tensors.output('live_loss', liveLoss);

  const chosen = objective === 'causal' ? all(rows, targets, liveLoss, logProbs) : selected(g, tensors, { rows, targets, liveLoss, logProbs }, options.temperature ?? null);
  const { weights: tokenWeight } = chosen;
  tensors.output('loss_sum', sumOver(g, tokenWeight === null ? chosen.liveLoss : mul(g, chosen.liveLoss, tokenWeight), [0]));

  // The forward pass of these logits is never run: their gradient is known in closed form, and nothing else asks for them.
  const logits = project(g, gatherRows(g, hidden, chosen.rows));
  const parameters = [...weights.taken].map(([name, value]) => ({ name, value }));
  return {
    parameters,
    gradients: gradients(g, [{ value: logits, grad: crossEntropyGradient(g, chosen, logits) }], parameters.map(({ value }) => value)),
    count: () => chosen.weightSum ?? cast(g, g.node('Size', [chosen.targets], 'int64', []), 'float32'),
  };
}

/**
 * Clipping and AdamW.
 *
 * @param summed gradients of the summed loss of all micro-batches, in the order of the parameters
 * @param count tokens or weights of all micro-batches: float32 []
 */
export function optimizerStep(g: GraphBuilder, options: TrainingStepOptions, tensors: StepTensors, parameters: readonly Named[], summed: readonly Value[], count: () => Value): void {
  const { optimizer } = options;
  const denominator = lossDenominator(g, tensors, count);
  const norm = div(g, globalNorm(g, summed), denominator);
  tensors.output('gradient_norm', norm);
  const factor = div(g, clipFactor(g, norm, optimizer.clipNorm), denominator);
  const factors = momentFactors(g, factor, optimizer);
  const step = adamWStep(g, (name) => tensors.input(name, 'float32', []), optimizer);
  parameters.forEach(({ name, value }, at) => {
    const shape = value.shape as number[];
    const own = { moment: momentName(name), variance: varianceName(name) };
    const before = { moment: tensors.state(own.moment, shape), variance: tensors.state(own.variance, shape) };
    const names = { moment: tensors.nextName(own.moment), variance: tensors.nextName(own.variance) };
    const moments = nextMoments(g, before, summed[at]!, factors, optimizer, names);
    tensors.replace(own.moment, moments.moment);
    tensors.replace(own.variance, moments.variance);
    tensors.replace(name, adamW(g, value, moments, step, options.decays(name, shape)));
  });
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

function selected(g: GraphBuilder, tensors: StepTensors, { rows, targets, liveLoss, logProbs }: Pick<Chosen, 'rows' | 'targets' | 'liveLoss' | 'logProbs'>, temperature: number | null): Chosen {
  const offsets = tensors.input('offsets', 'float32', ['S', 'L']);
  const liveWeight = tensors.input('live_weight', 'float32', []);
  const keep = tensors.input('keep', 'int64', ['S']);
  const live = reshape(g, liveLoss, ['S', 'L'], shapeOf(g, offsets));
  const threshold = tensors.input('threshold', 'float32', []);
  const ranked = rankScores(g, add(g, mul(g, live, liveWeight), offsets));
  const kept = selectHighest(g, ranked, keep, threshold);
  tensors.output('selected', kept);
  const pick = (picked: Value, weights: Value | null, weightSum: Value | null): Chosen => {
    const take = (x: Value): Value => gatherRows(g, x, picked);
    return { rows: take(rows), targets: take(targets), liveLoss: take(liveLoss), logProbs: take(logProbs), weights: weights === null ? null : take(weights), weightSum };
  };
  if (temperature === null) return pick(kept, null, null);
  const weights = tokenWeights(g, ranked, keep, threshold, temperature);
  const weightSum = sumOver(g, weights, [0]);
  tensors.output('weight_sum', weightSum);
  return pick(nonZero(g, weights), weights, weightSum);
}

/** What the summed loss is divided by: a float32 number above 0. */
function lossDenominator(g: GraphBuilder, tensors: StepTensors, count: () => Value): Value {
  const given = tensors.input('denominator', 'float32', []);
  const total = count();
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

import { learningRate } from '../math/learning-rate.js';
import type { TensorData, Tensors } from '../runtime/protocol.js';
import type { SelectionRule } from '../selection/options.js';
import { randomScores } from '../selection/random-scores.js';
import type { SelectionTokens } from '../selection/tokens.js';
import type { TrainingBatch } from './data/batch.js';
import type { TrainOptions } from './options.js';
import { planSelection } from './selection-feeds.js';

export interface MicroBatchFeeds {
  readonly feeds: Tensors;
  /** Targets with a reference loss; all targets where nothing is selected. */
  readonly scored: number;
}

/** What a micro-batch is to a training graph. `step` and `number`, of the micro-batch in the step, count from 0. */
export function microBatchFeeds(batch: TrainingBatch, step: number, number: number, options: TrainOptions, rule: SelectionRule): MicroBatchFeeds {
  const { inputIds, sequences, length, rows, targets } = batch;
  const selection = options.objective.kind === 'selective' ? planSelection(selectionTokens(batch, step, number, options), rule) : undefined;
  const feeds: Tensors = {
    input_ids: { dtype: 'int32', dims: [sequences, length], data: inputIds },
    rows: { dtype: 'int32', dims: [rows.length], data: rows },
    targets: { dtype: 'int32', dims: [targets.length], data: targets },
    ...selection?.feeds,
  };
  return { feeds, scored: selection?.scored ?? targets.length };
}

export function learningRateOf(step: number, { optimizer, run }: TrainOptions): number {
  return learningRate(step, { peak: optimizer.learningRate, floor: optimizer.minLearningRate, kind: optimizer.schedule, warmupSteps: optimizer.warmupSteps, steps: run.steps });
}

/**
 * The numbers of an update.
 *
 * @param step counts from 0
 * @param scored of all micro-batches
 */
export function updateFeeds(step: number, scored: number, options: TrainOptions, rule: SelectionRule): Tensors {
  const { optimizer, objective } = options;
  const rate = learningRateOf(step, options);
  return {
    step_size: scalar(rate / (1 - optimizer.beta1 ** (step + 1))),
    variance_scale: scalar(1 / Math.sqrt(1 - optimizer.beta2 ** (step + 1))),
    decay: scalar(1 - rate * optimizer.weightDecay),
    denominator: scalar(objective.kind === 'selective' && rule.denominator === 'all' ? Math.max(1, scored) : 0),
  };
}

export const scalar = (value: number): TensorData => ({ dtype: 'float32', dims: [], data: Float32Array.of(value) });

function selectionTokens(batch: TrainingBatch, step: number, number: number, options: TrainOptions): SelectionTokens {
  const { sequenceOffsets, reference, entropy, eligible } = batch;
  const count = batch.targets.length;
  const random = options.selection.score === 'random' ? new Float32Array(count) : undefined;
  if (random !== undefined) randomScores(options.selection.seed, step, random, number * count);
  return {
    sequenceOffsets,
    step,
    eligible,
    ...(reference === undefined ? {} : { referenceLoss: reference }),
    ...(entropy === undefined ? {} : { entropy }),
    ...(random === undefined ? {} : { random }),
  };
}

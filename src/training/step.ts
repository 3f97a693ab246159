import { learningRate } from '../math/learning-rate.js';
import type { TensorData, Tensors } from '../runtime/protocol.js';
import type { StatefulSession } from '../runtime/stateful-session.js';
import type { SelectionRule } from '../selection/options.js';
import { randomScores } from '../selection/random-scores.js';
import type { SelectionTokens } from '../selection/tokens.js';
import type { TrainingBatch } from './data/batch.js';
import { Diverged } from './interrupted.js';
import type { TrainOptions } from './options.js';
import { planSelection } from './selection-feeds.js';

/** What a step did. */
export interface StepOutcome {
  /** Mean loss in nats of the tokens trained on, before the update; weighted, where tokens have weights. */
  readonly loss: number;
  /** Mean loss in nats of every target of the step, trained on or not. */
  readonly lossAll: number;
  /** Global norm of the gradient of the mean loss, before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Targets that went through the model, and those trained on: with weights, those that were kept and count 1. */
  readonly consumedTokens: number;
  readonly trainedTokens: number;
  /** Sum of the weights; without weights, trainedTokens. */
  readonly weight: number;
  /** Mean excess loss in nats of kept and dropped candidates; NaN without reference losses or where there is none. */
  readonly meanExcessKept: number;
  readonly meanExcessDropped: number;
  /** Live and reference loss of the candidates of the first micro-batch, for checking that they are aligned; empty without losses. */
  readonly live: Float32Array;
  readonly reference: Float32Array;
}

const scalar = (value: number): TensorData => ({ dtype: 'float32', dims: [], data: Float32Array.of(value) });

/** Runs one optimizer step over its micro-batches. `step` counts from 0. @throws TouchstoneError ('data') naming step and rows where a loss is not finite */
export async function runStep(session: StatefulSession, batches: readonly TrainingBatch[], step: number, options: TrainOptions, rule: SelectionRule): Promise<StepOutcome> {
  const { optimizer, objective } = options;
  const selective = objective.kind === 'selective';
  const tally = { lossSum: 0, allSum: 0, consumed: 0, trained: 0, weight: 0, scored: 0, excess: [0, 0], excessCounts: [0, 0] };
  const rate = learningRate(step, { peak: optimizer.learningRate, floor: optimizer.minLearningRate, kind: optimizer.schedule, warmupSteps: optimizer.warmupSteps, steps: options.run.steps });
  let gradientNorm = NaN;
  let first: Float32Array = new Float32Array(0);

  for (const [number, batch] of batches.entries()) {
    const { inputIds, sequences, length, rows, targets } = batch;
    const isLast = number === batches.length - 1;
    const selection = selective ? planSelection(selectionTokens(batch, step, number, options), rule) : undefined;
    tally.scored += selection?.scored ?? targets.length;
    const update: Tensors = isLast
      ? {
          step_size: scalar(rate / (1 - optimizer.beta1 ** (step + 1))),
          variance_scale: scalar(1 / Math.sqrt(1 - optimizer.beta2 ** (step + 1))),
          decay: scalar(1 - rate * optimizer.weightDecay),
          kept_before: scalar(tally.weight),
          denominator: scalar(selective && rule.denominator === 'all' ? Math.max(1, tally.scored) : 0),
        }
      : {};
    const outputs = await session.run(isLast ? 'last' : number === 0 ? 'first' : 'more', {
      input_ids: { dtype: 'int32', dims: [sequences, length], data: inputIds },
      rows: { dtype: 'int32', dims: [rows.length], data: rows },
      targets: { dtype: 'int32', dims: [targets.length], data: targets },
      ...selection?.feeds,
      ...update,
    });
    const live = outputs['live_loss']!.data as Float32Array;
    const place = `step ${step + 1}${batches.length === 1 ? '' : `, micro-batch ${number + 1} of ${batches.length}`}`;
    refuseNonFinite(live, batch, place);
    if (number === 0) first = live;
    const picked = outputs['selected']?.data as BigInt64Array | undefined;
    tally.lossSum += (outputs['loss_sum']!.data as Float32Array)[0]!;
    const kept = picked?.length ?? targets.length;
    tally.trained += kept;
    tally.weight += (outputs['weight_sum']?.data as Float32Array | undefined)?.[0] ?? kept;
    addLosses(tally, live, batch, picked);
    if (isLast) gradientNorm = (outputs['gradient_norm']!.data as Float32Array)[0]!;
    if (isLast && !Number.isFinite(gradientNorm)) throw new Diverged(`${place}: the norm of the gradient must be finite, got ${gradientNorm}`, batch);
  }
  return {
    loss: tally.lossSum / tally.weight,
    lossAll: tally.allSum / tally.consumed,
    gradientNorm,
    learningRate: rate,
    consumedTokens: tally.consumed,
    trainedTokens: tally.trained,
    weight: tally.weight,
    meanExcessKept: tally.excess[1]! / tally.excessCounts[1]!,
    meanExcessDropped: tally.excess[0]! / tally.excessCounts[0]!,
    live: first,
    reference: batches[0]!.reference ?? new Float32Array(0),
  };
}

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

/** Adds what a micro-batch lost: over every target, and the excess of kept and dropped candidates apart. */
function addLosses(tally: { allSum: number; consumed: number; excess: number[]; excessCounts: number[] }, live: Float32Array, { reference, eligible }: TrainingBatch, picked: BigInt64Array | undefined): void {
  const kept = new Uint8Array(live.length).fill(picked === undefined ? 1 : 0);
  for (const at of picked ?? []) kept[Number(at)] = 1;
  for (let i = 0; i < live.length; i++) {
    if (eligible[i] === 0) continue;
    tally.allSum += live[i]!;
    tally.consumed++;
    if (reference === undefined || Number.isNaN(reference[i]!)) continue;
    tally.excess[kept[i]!]! += live[i]! - reference[i]!;
    tally.excessCounts[kept[i]!]!++;
  }
}

function refuseNonFinite(live: Float32Array, batch: TrainingBatch, place: string): void {
  const at = live.findIndex((loss) => !Number.isFinite(loss));
  if (at >= 0) throw new Diverged(`${place}: the loss must be finite, got ${live[at]}`, batch, at);
}

import type { Tensors } from '../runtime/protocol.js';
import type { StatefulSession } from '../runtime/stateful-session.js';
import type { SelectionRule } from '../selection/options.js';
import type { TrainingBatch } from './data/batch.js';
import type { TrainOptions } from './options.js';
import { learningRateOf, microBatchFeeds, scalar, updateFeeds } from './step-feeds.js';
import { StepTally, type MicroBatchOutcome, type StepOutcome } from './step-tally.js';

/** Runs one optimizer step over its micro-batches. `step` counts from 0. @throws TouchstoneError ('data') naming step and rows where a loss is not finite */
export async function runStep(session: StatefulSession, batches: readonly TrainingBatch[], step: number, options: TrainOptions, rule: SelectionRule): Promise<StepOutcome> {
  const tally = new StepTally(step, batches);
  let scored = 0;
  let weight = 0;
  let gradientNorm = NaN;
  for (const [number, batch] of batches.entries()) {
    const isLast = number === batches.length - 1;
    const micro = microBatchFeeds(batch, step, number, options, rule);
    scored += micro.scored;
    const update = isLast ? { ...updateFeeds(step, scored, options, rule), kept_before: scalar(weight) } : {};
    const outputs = await session.run(isLast ? 'last' : number === 0 ? 'first' : 'more', { ...micro.feeds, ...update });
    const outcome = outcomeOf(outputs, batch.targets.length);
    tally.add(outcome);
    weight = Math.fround(weight + outcome.weight); // float32, as a graph of several steps adds them up
    if (isLast) gradientNorm = (outputs['gradient_norm']!.data as Float32Array)[0]!;
  }
  return tally.finish(gradientNorm, learningRateOf(step, options));
}

function outcomeOf(outputs: Tensors, count: number): MicroBatchOutcome {
  const picked = outputs['selected']?.data as BigInt64Array | undefined;
  const kept = picked === undefined ? null : new Uint8Array(count);
  for (const at of picked ?? []) kept![Number(at)] = 1;
  const trained = picked?.length ?? count;
  return {
    live: outputs['live_loss']!.data as Float32Array,
    kept,
    trained,
    lossSum: (outputs['loss_sum']!.data as Float32Array)[0]!,
    weight: (outputs['weight_sum']?.data as Float32Array | undefined)?.[0] ?? trained,
  };
}

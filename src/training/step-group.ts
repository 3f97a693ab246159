import type { TensorData, Tensors } from '../runtime/protocol.js';
import type { StatefulSession } from '../runtime/stateful-session.js';
import type { SelectionRule } from '../selection/options.js';
import type { TrainingBatch } from './data/batch.js';
import type { TrainOptions } from './options.js';
import { learningRateOf, microBatchFeeds, updateFeeds } from './step-feeds.js';
import { StepTally, type StepOutcome } from './step-tally.js';

/**
 * The step after which a group of at most `most` steps ends that begins after step `done`: groups do not reach beyond the end of the run, nor beyond a step after
 * which the weights are needed, for an evaluation or a checkpoint.
 */
export function groupEnd(done: number, most: number, { steps, evaluateEvery, checkpointEvery }: TrainOptions['run']): number {
  const next = (every: number): number => (Math.floor(done / every) + 1) * every;
  return Math.min(done + most, steps, next(evaluateEvery), next(checkpointEvery));
}

/**
 * Runs several optimizer steps in one call of the runtime, with the results of `runStep` one after the other.
 *
 * @param batches micro-batches of all steps, in order
 * @param done steps done before
 * @returns what each step did, in order; at a step whose losses or gradient are not finite, iterating throws what runStep does
 */
export async function runSteps(session: StatefulSession, batches: readonly TrainingBatch[], done: number, options: TrainOptions, rule: SelectionRule): Promise<Iterable<StepOutcome>> {
  const { accumulation } = options.batch;
  const steps = Array.from({ length: batches.length / accumulation }, (_, at) => batches.slice(at * accumulation, (at + 1) * accumulation));
  const micro: Tensors[] = [];
  const updates: Tensors[] = [];
  for (const [at, own] of steps.entries()) {
    const fed = own.map((batch, number) => microBatchFeeds(batch, done + at, number, options, rule));
    micro.push(...fed.map(({ feeds }) => feeds));
    updates.push(updateFeeds(done + at, fed.reduce((sum, { scored }) => sum + scored, 0), options, rule));
  }
  const perBatch = accumulation === 1 ? [steps.length] : [steps.length, accumulation];
  const outputs = await session.run('steps', {
    ...stack(micro, perBatch),
    ...stack(updates, [steps.length]),
    counts: { dtype: 'int64', dims: perBatch, data: BigInt64Array.from(batches, ({ rows }) => BigInt(rows.length)) },
  });
  return outcomes(outputs, steps, done, options);
}

function* outcomes(outputs: Tensors, steps: readonly (readonly TrainingBatch[])[], done: number, options: TrainOptions): Generator<StepOutcome, void, undefined> {
  const [live, kept, lossSums, weightSums, norms] = ['live_loss', 'kept', 'loss_sum', 'weight_sum', 'gradient_norm'].map((name) => outputs[name]?.data as Float32Array | undefined);
  const size = live!.length / lossSums!.length;
  let number = 0;
  for (const [at, batches] of steps.entries()) {
    const tally = new StepTally(done + at, batches);
    for (const { targets } of batches) {
      const [start, end] = [number * size, number * size + targets.length];
      const marks = kept === undefined ? null : Uint8Array.from(kept.subarray(start, end));
      const trained = marks?.reduce((sum, mark) => sum + mark, 0) ?? targets.length;
      tally.add({ live: live!.slice(start, end), kept: marks, trained, lossSum: lossSums![number]!, weight: weightSums?.[number] ?? trained });
      number++;
    }
    yield tally.finish(norms![at]!, learningRateOf(done + at, options));
  }
}

/** Tensors of the same names below each other, row by row of a shape that begins with `lead`. Vectors that differ in length are filled up to the longest with 0. */
function stack(rows: readonly Tensors[], lead: readonly number[]): Tensors {
  return Object.fromEntries(Object.keys(rows[0]!).map((name) => [name, stackOne(rows.map((row) => row[name]!), lead)]));
}

function stackOne(parts: readonly TensorData[], lead: readonly number[]): TensorData {
  const { dtype, dims, data } = parts.reduce((longest, part) => (part.data.length > longest.data.length ? part : longest));
  const stacked = new (data.constructor as new (length: number) => typeof data)(parts.length * data.length);
  parts.forEach((part, at) => { stacked.set(part.data as never, at * data.length); });
  return { dtype, dims: [...lead, ...dims], data: stacked };
}

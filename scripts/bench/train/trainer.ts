import { openCheckpoint } from '../../../src/model/checkpoint.js';
import { readWeights } from '../../../src/model/read-weights.js';
import { openStatefulSession } from '../../../src/runtime/stateful-session.js';
import { resolveSelection } from '../../../src/selection/options.js';
import type { TrainingBatch } from '../../../src/training/data/batch.js';
import type { TrainOptions } from '../../../src/training/options.js';
import { buildStepGraphs, initialState } from '../../../src/training/step-graphs.js';
import { runSteps } from '../../../src/training/step-group.js';
import { runStep } from '../../../src/training/step.js';

export interface TimedStep {
  /** Of all steps of the call. */
  readonly seconds: number;
  /** Processor time of the whole process meanwhile: what other work on the machine changes least. */
  readonly cpuSeconds: number;
  /** Mean loss in nats of the tokens trained on, before the last update. */
  readonly loss: number;
}

/** One side of the comparison: a model, its optimizer, and its weights after the steps so far. */
export interface Trainer {
  /** One step for each batch, in one call of the runtime where there are several. */
  step(...batches: TrainingBatch[]): Promise<TimedStep>;
  close(): Promise<void>;
}

/** The trainer of `touchstone train`: its step, its session, its worker thread. */
export async function openTrainer(folder: string, options: TrainOptions): Promise<Trainer> {
  const checkpoint = await openCheckpoint(folder);
  const { stepsPerTransfer } = options.run;
  const graphs = buildStepGraphs(checkpoint.spec, options, stepsPerTransfer as number);
  const session = await openStatefulSession({ graphs: graphs.graphs, device: { kind: 'cpu' }, threads: options.run.threads as number }, initialState(graphs, await readWeights(checkpoint)));
  const rule = resolveSelection(options.selection);
  let steps = 0;
  return {
    async step(...batches) {
      const started = performance.now();
      const before = process.cpuUsage();
      const outcomes = stepsPerTransfer === 1 ? [await runStep(session, batches, steps, options, rule)] : [...(await runSteps(session, batches, steps, options, rule))];
      steps += batches.length;
      const { user, system } = process.cpuUsage(before);
      return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6, loss: outcomes.at(-1)!.loss };
    },
    close: () => session.close(),
  };
}

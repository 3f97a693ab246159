import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { TouchstoneError } from '../errors.js';
import type { Device } from '../records.js';
import { readyDevices, type DiagnoseCuda } from '../runtime/cuda/choose-devices.js';
import { openStatefulSession, type StatefulSession } from '../runtime/stateful-session.js';
import { resolveSelection } from '../selection/options.js';
import { closeAfter } from '../stream/close-after.js';
import { AlignmentWatch } from './alignment-watch.js';
import { saveCheckpoint, saveModel, type TrainingPosition } from './checkpoints.js';
import type { TrainingBatch } from './data/batch.js';
import { packBatches } from './data/pack-batches.js';
import { describeRun } from './describe-run.js';
import { evaluate } from './evaluate.js';
import { beforeTraining, keptNothing, lossesByName, type Evaluation, type StepMetrics } from './metrics/step-metrics.js';
import { explained } from './interrupted.js';
import type { TrainOptions } from './options.js';
import { checkOutputFolder, refuseStrangers } from './output-folder.js';
import { prepareTraining, type PreparedTraining } from './prepare-training.js';
import { resumePoint } from './resume.js';
import { runHistory } from './run-history.js';
import { openRunLog, type RunLog } from './run-log.js';
import { writeRunRecord } from './run-record.js';
import { selectionText } from './selection-text.js';
import { arraysOf, tensorsOf } from './session-tensors.js';
import { groupEnd, runSteps } from './step-group.js';
import { metricsOf } from './step-record.js';
import { runStep } from './step.js';
import { initialState, momentNames } from './step-graphs.js';

export type TrainEvent =
  | { readonly kind: 'note'; readonly text: string }
  /** Something is likely not as the user wants it. */
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'prepared'; readonly parameters: number; readonly from: number; readonly steps: number; readonly threads: number; readonly device: Device; readonly stepsPerCall: number }
  /** A step is done, with the evaluations made after it; step 0 stands for the model before training. */
  | { readonly kind: 'step'; readonly metrics: StepMetrics; readonly outcome: StepTokens }
  | { readonly kind: 'checkpoint'; readonly step: number };

/** Tokens of one step. */
export interface StepTokens {
  readonly consumed: number;
  readonly trained: number;
}

export interface TrainHooks {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: TrainEvent) => void;
  /** Goes on from the latest whole checkpoint of the folder, or begins where there is none. Without it, a folder that has one is refused. See resume.ts. */
  readonly resume?: boolean;
  /** Asks the machine about CUDA; tests answer for it. */
  readonly diagnose?: DiagnoseCuda;
}

export interface TrainResult {
  /** The trained model, a Hugging Face folder. */
  readonly model: string;
  readonly position: TrainingPosition;
  /** Mean loss in nats by name, after the last step and before the first. */
  readonly evaluation: Readonly<Record<string, number>>;
  readonly evaluationBefore: Readonly<Record<string, number>>;
  /** Steps of the whole run whose selection kept no token. */
  readonly emptySteps: number;
  /** A self-contained page of curves. */
  readonly curves: string;
}

/**
 * The training job. An aborted signal ends it after the step, or the call of several, under way with a checkpoint, from which `resume` goes on to the same weights, bit for bit on
 * the same kind of CPU. Throws a data error, and writes no model, where no step of the whole run kept a token.
 */
export async function train(options: TrainOptions, { signal, onEvent = () => undefined, resume = false, diagnose }: TrainHooks = {}): Promise<TrainResult> {
  const { folder } = options.output;
  await checkOutputFolder(options);
  const prepared = await prepareTraining(options, { signal, diagnose });
  for (const text of prepared.notes) onEvent({ kind: 'note', text });
  const { checkpoint, notes } = await resumePoint(folder, prepared.settings, resume);
  for (const text of notes) onEvent({ kind: 'note', text });
  const record = await describeRun(options, prepared, checkpoint !== undefined);
  for (const text of record.notes) onEvent({ kind: 'note', text });

  const threads = options.run.threads === 'auto' ? availableParallelism() : options.run.threads;
  const { parameters } = prepared.graphs;
  const loaded = checkpoint === undefined ? undefined : { weights: arraysOf(checkpoint.weights), moments: arraysOf(checkpoint.moments) };
  const state = initialState(prepared.graphs, loaded?.weights ?? prepared.weights, loaded?.moments);
  const { device, stepsPerCall } = prepared.compute;
  readyDevices(prepared.compute);
  const session = await openStatefulSession({ graphs: prepared.graphs.graphs, device, threads }, state);
  return await closeAfter(async () => {
    const { settings, settingsHash } = prepared;
    const begin: TrainingPosition = { step: 0, consumedTokens: 0, trainedTokens: 0, cursor: null, ...checkpoint?.position, formatVersion: 2, settings, settingsHash };
    const counted = parameters.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    onEvent({ kind: 'prepared', parameters: counted, from: begin.step, steps: options.run.steps, threads, device, stepsPerCall });
    await writeRunRecord(folder, record.record);
    const log = await openRunLog(folder, checkpoint?.position.step ?? null);
    const kept = { step: begin.step };
    const explain = async (error: unknown): Promise<never> => {
      throw await explained(error, { folder, step: kept.step }, prepared.source);
    };
    return await closeAfter(() => loop({ session, prepared, options, log, signal, onEvent, kept }, begin).catch(explain), () => log.close());
  }, () => session.close());
}

interface Training {
  readonly session: StatefulSession;
  readonly prepared: PreparedTraining;
  readonly options: TrainOptions;
  readonly log: RunLog;
  readonly signal: AbortSignal | undefined;
  readonly onEvent: (event: TrainEvent) => void;
  /** The step of the last checkpoint, 0 for none; written by the loop. */
  readonly kept: { step: number };
}

async function loop({ session, prepared, options, log, signal, onEvent, kept }: Training, begin: TrainingPosition): Promise<TrainResult> {
  const { run, output, batch: shape } = options;
  const { parameters } = prepared.graphs;
  const rule = resolveSelection(options.selection);
  const stream = packBatches(prepared.source, {
    format: prepared.format,
    sequences: shape.sequences,
    positions: options.objective.kind === 'selective' ? 'all' : 'eligible',
    ...(begin.cursor === null ? {} : { from: begin.cursor }),
  });
  const save = async (position: TrainingPosition): Promise<void> => {
    await log.sync();
    await saveCheckpoint(output.folder, position, prepared.template, await tensorsOf(session, parameters.map(({ name }) => name), parameters), await tensorsOf(session, momentNames(parameters), parameters));
    kept.step = position.step;
    onEvent({ kind: 'checkpoint', step: position.step });
  };
  const evaluateAll = async (): Promise<Evaluation[]> => {
    const evaluations: Evaluation[] = [];
    for (const set of prepared.evaluation) evaluations.push({ name: set.name, loss: await evaluate(session, set, prepared.evaluationOptions) });
    return evaluations;
  };
  const record = async (metrics: StepMetrics, outcome: StepTokens): Promise<void> => {
    await log.record(metrics);
    onEvent({ kind: 'step', metrics, outcome });
  };

  const alignment = options.objective.kind === 'selective' ? new AlignmentWatch(prepared.vocabSize, run.alignmentEvery) : undefined;
  let position = begin;
  let evaluations: readonly Evaluation[] = [];
  let warned = false;
  if (begin.step === 0) await record(beforeTraining(await evaluateAll()), { consumed: 0, trained: 0 });
  await closeAfter(async () => {
    while (position.step < run.steps && signal?.aborted !== true) {
      const started = performance.now();
      const count = groupEnd(position.step, prepared.graphs.stepsPerCall, run) - position.step;
      const batches = await take(stream, shape.accumulation * count);
      const outcomes = prepared.graphs.stepsPerCall === 1 ? [await runStep(session, batches, position.step, options, rule)] : await runSteps(session, batches, position.step, options, rule);
      const seconds = (performance.now() - started) / 1000 / count;
      let taken = 0;
      for (const outcome of outcomes) {
        const own = batches.slice(taken, (taken += shape.accumulation));
        position = {
          ...position,
          step: position.step + 1,
          consumedTokens: position.consumedTokens + outcome.consumedTokens,
          trainedTokens: position.trainedTokens + outcome.trainedTokens,
          cursor: own.at(-1)!.next,
        };
        alignment?.add({ live: outcome.live, reference: outcome.reference, sequenceOffsets: own[0]!.sequenceOffsets }, position.step);
        const last = position.step === run.steps;
        const evaluates = last || position.step % run.evaluateEvery === 0;
        if (evaluates) evaluations = await evaluateAll();
        const metrics = metricsOf(position, outcome, rule.temperature !== null, seconds, evaluates ? evaluations : undefined);
        if (keptNothing(metrics) && !warned) {
          warned = true;
          onEvent({ kind: 'warning', text: `step ${position.step}: the selection (${selectionText(prepared.settings)}) kept no token: the step learns nothing` });
        }
        await record(metrics, { consumed: outcome.consumedTokens, trained: outcome.trainedTokens });
        if (last || position.step % run.checkpointEvery === 0) {
          alignment?.judge(position.step);
          await save(position);
        }
      }
    }
  }, () => stream.return());
  if (position.step < run.steps) {
    if (kept.step !== position.step) await save(position);
    throw signal!.reason;
  }
  if (begin.step === run.steps) evaluations = await evaluateAll();
  const { emptySteps, evaluationBefore } = await runHistory(output.folder, prepared.settings, position.step);
  await refuseStrangers(output.folder);
  const model = await saveModel(output.folder, prepared.template, await tensorsOf(session, parameters.map(({ name }) => name), parameters), output.dtype);
  const curves = await log.drawCurves(`Training of ${basename(output.folder)}`);
  return { model, curves, position, evaluation: lossesByName(evaluations), evaluationBefore, emptySteps };
}

async function take(stream: AsyncGenerator<TrainingBatch, void, undefined>, count: number): Promise<TrainingBatch[]> {
  const batches: TrainingBatch[] = [];
  while (batches.length < count) {
    const next = await stream.next();
    if (next.done === true) throw new TouchstoneError('internal', 'the stream of batches ended before the last step');
    batches.push(next.value);
  }
  return batches;
}

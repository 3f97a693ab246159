import { TouchstoneError } from '../errors.js';
import type { DeviceKind } from '../records.js';
import { resolveSelection } from '../selection/options.js';
import type { SequenceFormat } from './data/sequence-format.js';
import type { SourceIdentity } from './data/training-rows.js';
import type { TrainOptions } from './options.js';

/**
 * Everything that decides a step, by the name of the setting; a checkpoint keeps it, and resuming compares. Not in it, and free to change: where things
 * lie, run.threads, run.stepsPerTransfer, run.evaluateEvery, run.evaluateOn, run.alignmentEvery, run.checkpointEvery, data.verify and output.dtype.
 */
export type RunSettings = Readonly<Record<string, string | number | boolean | null>>;

/** The one setting that decides steps and may change all the same, to any number that is not below the steps done. */
const STEPS = 'run.steps';

const DEVICE = 'run.device';

/** Settings that are left out where they have this value: runs were recorded before there were others. */
const ABSENT: RunSettings = { [DEVICE]: 'cpu' };

/** What the run's input is: the weights it begins with, and the rows it reads. */
export interface RunInput {
  /** sha256 of the weights of model.path; null for a model made from model.init. */
  readonly weights: string | null;
  readonly data: SourceIdentity;
  readonly format: SequenceFormat;
  readonly device: DeviceKind;
}

export function runSettings(options: TrainOptions, { weights, data, format, device }: RunInput): RunSettings {
  const { objective, model, batch, optimizer, selection, run } = options;
  const selective = objective.kind === 'selective';
  return flat({
    objective,
    model: weights === null ? { init: model.init, seed: model.seed } : { path: `weights with sha256 ${weights}` },
    data: {
      [options.data.scores === null ? 'corpus' : 'scores']: `rows with sha256 ${data.source}`,
      length: format.length,
      bos: format.prefixId === null ? 'none' : `token ${format.prefixId}`,
      separator: `token ${format.separatorId}`,
      layout: format.layout,
      seed: data.seed,
      windowTokens: data.windowTokens,
    },
    batch,
    optimizer,
    ...(selective ? { selection: { ...resolveSelection(selection), seed: selection.seed } } : {}),
    run: { steps: run.steps, ...(device === ABSENT[DEVICE] ? {} : { device }) },
  });
}

/** Nested settings by their dotted names, in order. */
function flat(value: unknown, name = ''): RunSettings {
  if (typeof value !== 'object' || value === null) return { [name]: value as string | number | boolean | null };
  return Object.assign({}, ...Object.entries(value).map(([key, inner]) => flat(inner, name === '' ? key : `${name}.${key}`))) as RunSettings;
}

/**
 * Checks that a command may go on with the run of `folder`, `done` steps of which are done. Returns what the user should know, one sentence each. Throws a mismatch
 * that names the first setting that differs, then and now.
 */
export function compareSettings(folder: string, then: RunSettings, now: RunSettings, done: number): readonly string[] {
  for (const name of new Set([...Object.keys(then), ...Object.keys(now)])) {
    const [was, is] = [then[name] ?? ABSENT[name], now[name] ?? ABSENT[name]];
    if (name === STEPS || was === is) continue;
    throw new TouchstoneError('mismatch', `${name} was ${shown(was)} in the run of ${folder} and is ${shown(is)} in this command`, {
      advice: `Give it back its value, or begin another run: with another --out, and --model ${folder}/checkpoints/... to start from these weights.`,
    });
  }
  const [before, after] = [Number(then[STEPS]), Number(now[STEPS])];
  if (after < done) {
    throw new TouchstoneError('mismatch', `${STEPS} must be at least ${done}, the steps that the run of ${folder} has done, got ${after}`, { advice: 'The models of earlier steps are in its folder checkpoints.' });
  }
  if (after === before) return [];
  return [`${STEPS} was ${before} and is ${after}: from step ${done + 1} on the learning rate follows the schedule of ${after} steps.`];
}

function shown(value: RunSettings[string] | undefined): string {
  return value === undefined ? 'not there' : JSON.stringify(value);
}

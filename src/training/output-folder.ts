import { readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { errnoOf, TouchstoneError } from '../errors.js';
import { isCheckpointFile } from '../model/write-checkpoint.js';
import { ioError } from '../run/io-error.js';
import { scoreRunAround } from '../store/score-run-around.js';
import { checkpointSteps } from './checkpoints.js';
import { EVENT_FILE } from './metrics/tensorboard.js';
import type { TrainOptions } from './options.js';
import { RUN_RECORD } from './run-record.js';

/** Names that an error lists. */
const NAMED = 3;
const ADVICE = 'Name another --out.';

/**
 * Checks, before anything is written, that a training run may write into its output folder: it is not there, is empty (hidden files aside), or is a training run
 * of this program; it neither is nor holds the model that is trained from; it lies in no score run. In a training run, `model/` must hold nothing but what training
 * wrote, since a finished run replaces it. Throws a usage error for a folder that holds an input or is a file, a mismatch for one of something else.
 */
export async function checkOutputFolder({ output: { folder }, model }: Pick<TrainOptions, 'output' | 'model'>): Promise<void> {
  if (model.path !== null && (await holds(folder, model.path))) {
    throw new TouchstoneError('usage', `output.folder must not be or hold the model that is trained from, ${model.path} lies in ${folder}`, { advice: `The trained model would replace it. ${ADVICE}` });
  }
  await refuseForeignFolder(folder, 'a training run', isTrainingRun);
  await refuseStrangers(folder);
}

/** Checks that a folder is free, or is what `isOwn` knows; `what` names that. See checkOutputFolder for what is thrown. */
export async function refuseForeignFolder(folder: string, what: string, isOwn: (folder: string) => Promise<boolean>): Promise<void> {
  const run = await scoreRunAround(folder);
  if (run !== undefined) {
    throw new TouchstoneError('mismatch', `${folder} ${run === resolve(folder) ? 'is a score run' : `lies in the score run ${run}`}, expected an empty folder or ${what}`, { advice: ADVICE });
  }
  const names = (await namesIn(folder)).filter((name) => !name.startsWith('.'));
  if (names.length === 0 || (await isOwn(folder))) return;
  throw new TouchstoneError('mismatch', `${folder} holds ${listed(names)}, expected an empty folder or ${what}`, { advice: ADVICE });
}

/** Checks that the folder of the trained model, which is replaced as a whole, holds nothing else. Throws a mismatch that names what it found. */
export async function refuseStrangers(folder: string): Promise<void> {
  const model = join(folder, 'model');
  const strangers = (await namesIn(model)).filter((name) => !isCheckpointFile(name) && !isTemporary(name));
  if (strangers.length === 0) return;
  throw new TouchstoneError('mismatch', `${model} holds ${listed(strangers)}, expected nothing but the files of the trained model, which are replaced when the run is finished`, {
    advice: 'Move them elsewhere and run the same command again, with --resume where the run has a checkpoint.',
  });
}

/** A folder that a run of this program has begun, however far it came. */
async function isTrainingRun(folder: string): Promise<boolean> {
  const names = await namesIn(folder);
  return names.includes(RUN_RECORD) || names.includes(EVENT_FILE) || (await checkpointSteps(folder)).length > 0;
}

/** Whether `inner` is `outer` or lies in it, links followed as far as there is something. */
async function holds(outer: string, inner: string): Promise<boolean> {
  const path = relative(await truePath(outer), await truePath(inner));
  return path.split(sep)[0] !== '..';
}

async function truePath(path: string): Promise<string> {
  const absolute = resolve(path);
  const real = await realpath(absolute).catch(() => undefined);
  return real ?? (dirname(absolute) === absolute ? absolute : join(await truePath(dirname(absolute)), basename(absolute)));
}

/** Names in a folder, sorted; none where it is not there. */
async function namesIn(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    if (errnoOf(error) === 'ENOTDIR') throw new TouchstoneError('usage', `output.folder must be a folder, ${path} is a file or lies in one`, { advice: ADVICE });
    throw ioError('read', path, error);
  }
}

const isTemporary = (name: string): boolean => /^\..+\.[0-9a-f]{16}\.tmp$/.test(name);

function listed(names: readonly string[]): string {
  const rest = names.length - NAMED;
  return `${names.slice(0, NAMED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { TouchstoneError } from '../errors.js';
import { sweepAttempts } from '../run/attempts.js';
import { CHECKPOINTS_FOLDER, checkpointFolder, checkpointSteps, clearLaterCheckpoints, loadCheckpoint, type LoadedCheckpoint } from './checkpoints.js';
import { RUN_RECORD } from './run-record.js';
import { compareSettings, type RunSettings } from './run-settings.js';

export interface ResumePoint {
  /** undefined: there is none, and the run begins. */
  readonly checkpoint: LoadedCheckpoint | undefined;
  /** What a user should know; one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Where a command begins in its folder: at the latest checkpoint that is whole. One that is damaged is passed over, and said so; with none left, it is an error.
 * What later steps left is cleared away. Throws a mismatch for a run without `resume`, and for one of other settings; then nothing is touched.
 */
export async function resumePoint(folder: string, settings: RunSettings, resume: boolean): Promise<ResumePoint> {
  const steps = await checkpointSteps(folder);
  if (steps.length > 0 && !resume) {
    throw new TouchstoneError('mismatch', `${folder} holds a training run at step ${steps.at(-1)!}, expected an empty folder`, { advice: 'Add --resume to go on from there, or name another --out.' });
  }
  const notes: string[] = [];
  for (const step of steps.toReversed()) {
    const checkpoint = await loadCheckpoint(folder, step);
    if (typeof checkpoint === 'string') {
      notes.push(`checkpoint ${checkpointFolder(folder, step)} is damaged and passed over: ${checkpoint}`);
      continue;
    }
    notes.push(...compareSettings(folder, checkpoint.position.settings, settings, step));
    if (step === settings['run.steps']) notes.push(`the run of ${folder} is finished: all of its ${step} steps are done. Raise run.steps to train on.`);
    return { checkpoint, notes: [...notes, ...(await clearWay(folder, step))] };
  }
  if (steps.length > 0) {
    throw new TouchstoneError('io', `none of the ${steps.length} checkpoints of ${folder} is whole; ${notes[0]!}`, { advice: 'Restore one of them, or begin anew with another --out.' });
  }
  return { checkpoint: undefined, notes: [...notes, ...(await clearWay(folder, -1))] };
}

/** Removes what killed processes left, as a scoring run does (run/attempts.ts); an attempt of a process that may live stays. */
async function clearWay(folder: string, step: number): Promise<string[]> {
  await clearLaterCheckpoints(folder, step);
  const swept = await sweepAttempts(folder, ['', CHECKPOINTS_FOLDER]);
  return swept.length === 0 ? [] : [`removed ${swept.length} temporary ${swept.length === 1 ? 'file or folder' : 'files and folders'} that killed processes left more than a day ago`];
}

/** Whether a training run was begun in a folder, be it that it was ended before its first checkpoint. */
export async function holdsTraining(folder: string): Promise<boolean> {
  if ((await checkpointSteps(folder)).length > 0) return true;
  const present = await Promise.all([RUN_RECORD, 'metrics.jsonl'].map((name) => access(join(folder, name)).then(() => true, () => false)));
  return present.includes(true);
}

import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errnoOf, messageOf, TouchstoneError } from '../errors.js';
import type { FloatTensor } from '../model/float-tensor.js';
import { readTensors } from '../model/read-tensors.js';
import { writeCheckpoint, type CheckpointTemplate } from '../model/write-checkpoint.js';
import { writeSafetensors } from '../model/write-safetensors.js';
import { attemptId } from '../run/attempt-id.js';
import { hashFile } from '../run/file-hash.js';
import { ioError } from '../run/io-error.js';
import { readRecord, sha256Hex } from '../run/json-record.js';
import { sealRecord } from '../run/sealed-record.js';
import { temporaryPath } from '../run/temporary-file.js';
import { TemporaryFolder } from '../run/temporary-folder.js';
import type { RunSettings } from './run-settings.js';

/** Where a training run stands: everything beside the tensors that a resumed run needs. */
export interface TrainingPosition {
  readonly formatVersion: 2;
  readonly settings: RunSettings;
  /** Identity of the settings. */
  readonly settingsHash: string;
  /** Steps done. */
  readonly step: number;
  readonly consumedTokens: number;
  readonly trainedTokens: number;
  /** Data position; see data/cursor.ts. */
  readonly cursor: unknown;
}

/** What position.json holds: the position, and the files that belong to it. */
interface CheckpointRecord extends TrainingPosition {
  readonly files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;
}

const recordSchema: z.ZodType<CheckpointRecord> = z.strictObject({
  formatVersion: z.literal(2),
  settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  settingsHash: z.string(),
  step: z.int().min(0),
  consumedTokens: z.int().min(0),
  trainedTokens: z.int().min(0),
  cursor: z.unknown(),
  files: z.record(z.string(), z.strictObject({ bytes: z.int().min(0), sha256: sha256Hex })),
});

/** A checkpoint without it does not exist. */
const POSITION = 'position.json';
const MOMENTS = 'optimizer.safetensors';
const WEIGHTS = 'model.safetensors';

/** In the folder of a training run. */
export const CHECKPOINTS_FOLDER = 'checkpoints';

const checkpointsOf = (folder: string): string => join(folder, CHECKPOINTS_FOLDER);

export function checkpointFolder(folder: string, step: number): string {
  return join(checkpointsOf(folder), String(step).padStart(8, '0'));
}

/**
 * Writes a checkpoint, which appears under its name whole or not at all; the position vouches for the other files by their sha256. It is a Hugging Face folder as
 * well. The first attempt at a step wins: where another trainer has left a checkpoint of it, that one stands, and throws an io error if it is not the same.
 * Whatever fails, nothing is removed but what this attempt has written.
 */
export async function saveCheckpoint(
  folder: string,
  position: TrainingPosition,
  template: CheckpointTemplate,
  weights: readonly FloatTensor[],
  moments: readonly FloatTensor[],
): Promise<void> {
  const attempt = await TemporaryFolder.create(checkpointFolder(folder, position.step));
  try {
    await writeCheckpoint(template, weights, 'F32', attempt.write);
    await attempt.write(MOMENTS, (sink) => writeSafetensors(sink, moments));
    const record: CheckpointRecord = { ...position, files: { ...attempt.files } };
    await attempt.write(POSITION, (sink) => sink(sealRecord(record)));
    if ((await attempt.publish()) === 'exists') await refuseOther(attempt);
  } finally {
    await attempt.discard();
  }
}

/** A trainer that was taken for dead may have been first; of the same files it has written the same position. */
async function refuseOther({ finalPath, files }: TemporaryFolder): Promise<void> {
  const existing = await hashIfPresent(join(finalPath, POSITION));
  if (existing?.sha256 === files[POSITION]!.sha256) return;
  throw new TouchstoneError('io', `${finalPath} exists and holds ${existing === undefined ? `no ${POSITION}` : 'another checkpoint'}`, {
    advice: 'Nothing was replaced. If no other process trains there, move the folder away and run the same command with --resume.',
  });
}

export interface LoadedCheckpoint {
  readonly position: TrainingPosition;
  readonly weights: ReadonlyMap<string, FloatTensor>;
  readonly moments: ReadonlyMap<string, FloatTensor>;
}

/** The steps of which a training folder has a checkpoint, whole or damaged, ascending. */
export async function checkpointSteps(folder: string): Promise<number[]> {
  const steps: number[] = [];
  for (const step of await namedSteps(folder)) {
    if ((await readRecord(join(checkpointFolder(folder, step), POSITION), recordSchema, 'sealed')).kind !== 'missing') steps.push(step);
  }
  return steps;
}

/** A checkpoint, if all its files are the ones that were written; else what is wrong with it, as a sentence. */
export async function loadCheckpoint(folder: string, step: number): Promise<LoadedCheckpoint | string> {
  const target = checkpointFolder(folder, step);
  const record = await readRecord(join(target, POSITION), recordSchema, 'sealed');
  if (record.kind !== 'record') return `${POSITION} ${record.kind === 'missing' ? 'is missing' : `cannot be read: ${record.problem}`}`;
  const { files, ...position } = record.value;
  if (position.step !== step) return `${POSITION} is of step ${position.step}`;
  for (const [name, expected] of Object.entries(files)) {
    const found = await hashIfPresent(join(target, name));
    if (found === undefined) return `${name} is missing`;
    if (found.bytes !== expected.bytes) return `${name} must have ${expected.bytes} bytes, it has ${found.bytes}`;
    if (found.sha256 !== expected.sha256) return `${name} must have sha256 ${expected.sha256}, it has ${found.sha256}`;
  }
  return { position, weights: await readTensors(join(target, WEIGHTS)), moments: await readTensors(join(target, MOMENTS)) };
}

/**
 * Clears the way for a run that goes on from `step`: what was begun of later checkpoints is removed, and whole folders of later ones, which are damaged, are
 * renamed to damaged-*, so that nothing but their name is lost.
 */
export async function clearLaterCheckpoints(folder: string, step: number): Promise<void> {
  const all = await namedSteps(folder);
  const present = new Set(await checkpointSteps(folder));
  for (const later of all.filter((one) => one > step)) {
    const path = checkpointFolder(folder, later);
    try {
      if (present.has(later)) await rename(path, join(checkpointsOf(folder), `damaged-${String(later).padStart(8, '0')}-${attemptId()}`));
      else await rm(path, { recursive: true });
    } catch (error) {
      throw ioError('move aside', path, error);
    }
  }
}

async function namedSteps(folder: string): Promise<number[]> {
  try {
    return (await readdir(checkpointsOf(folder))).filter((name) => /^\d{8,}$/.test(name)).map(Number).sort((a, b) => a - b);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw ioError('read', checkpointsOf(folder), error);
  }
}

async function hashIfPresent(path: string): Promise<{ readonly bytes: number; readonly sha256: string } | undefined> {
  try {
    return await hashFile(path);
  } catch (error) {
    if (error instanceof TouchstoneError && errnoOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * The finished model, in the dtype that was asked for. One that an earlier command left there, of other steps or of another dtype, is replaced once the new one is
 * whole, and stays where that fails.
 */
export async function saveModel(folder: string, template: CheckpointTemplate, weights: readonly FloatTensor[], dtype: 'F32' | 'F16' | 'BF16'): Promise<string> {
  const target = join(folder, 'model');
  const attempt = await TemporaryFolder.create(target);
  const earlier = temporaryPath(target);
  try {
    await writeCheckpoint(template, weights, dtype, attempt.write);
    while ((await attempt.publish()) === 'exists') {
      await rm(earlier, { recursive: true, force: true });
      await moveIfPresent(target, earlier);
    }
  } catch (error) {
    await attempt.discard();
    await moveIfPresent(earlier, target).catch(() => undefined);
    throw error;
  }
  await rm(earlier, { recursive: true, force: true });
  return target;
}

async function moveIfPresent(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw new TouchstoneError('io', `cannot move ${from} aside: ${messageOf(error)}`, { cause: error });
  }
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { errnoOf, messageOf, TouchstoneError } from '../errors.js';
import type { FloatTensor } from '../model/float-tensor.js';
import { readTensors } from '../model/read-tensors.js';
import { writeCheckpoint, type CheckpointTemplate, type FileWriter } from '../model/write-checkpoint.js';
import { writeSafetensors } from '../model/write-safetensors.js';
import { commitFile } from '../run/atomic-file.js';
import { canonicalJson } from '../run/canonical-json.js';
import { createFolder } from '../run/folder.js';

/** Where a training run stands: everything beside the tensors that a resumed run needs. */
export interface TrainingPosition {
  readonly formatVersion: 1;
  /** Identity of the settings the run was begun with. */
  readonly settingsHash: string;
  /** Steps done. */
  readonly step: number;
  readonly consumedTokens: number;
  readonly trainedTokens: number;
  /** Data position; see data/cursor.ts. */
  readonly cursor: unknown;
}

const positionSchema: z.ZodType<TrainingPosition> = z.strictObject({
  formatVersion: z.literal(1),
  settingsHash: z.string(),
  step: z.int().min(0),
  consumedTokens: z.int().min(0),
  trainedTokens: z.int().min(0),
  cursor: z.unknown(),
});

/** Written last: a checkpoint without it does not exist. */
const POSITION = 'position.json';
const MOMENTS = 'optimizer.safetensors';

export function checkpointFolder(folder: string, step: number): string {
  return join(folder, 'checkpoints', String(step).padStart(8, '0'));
}

/** Writes a checkpoint, file by file, each whole or not at all; the position comes last. It is a Hugging Face folder as well. */
export async function saveCheckpoint(
  folder: string,
  position: TrainingPosition,
  template: CheckpointTemplate,
  weights: readonly FloatTensor[],
  moments: readonly FloatTensor[],
): Promise<void> {
  const target = checkpointFolder(folder, position.step);
  await createFolder(target);
  const write = filesOf(target);
  await writeCheckpoint(template, weights, 'F32', write);
  await write(MOMENTS, (sink) => writeSafetensors(sink, moments));
  await write(POSITION, (sink) => sink(new TextEncoder().encode(`${canonicalJson(position, 2)}\n`)));
}

export interface LoadedCheckpoint {
  readonly position: TrainingPosition;
  readonly weights: ReadonlyMap<string, FloatTensor>;
  readonly moments: ReadonlyMap<string, FloatTensor>;
}

/** The latest whole checkpoint of a training folder; undefined where there is none. */
export async function loadLatestCheckpoint(folder: string): Promise<LoadedCheckpoint | undefined> {
  for (const name of (await checkpointNames(folder)).sort().reverse()) {
    const path = join(folder, 'checkpoints', name);
    const position = await readPosition(join(path, POSITION));
    if (position === undefined) continue;
    return { position, weights: await readTensors(join(path, 'model.safetensors')), moments: await readTensors(join(path, MOMENTS)) };
  }
  return undefined;
}

async function checkpointNames(folder: string): Promise<string[]> {
  try {
    return (await readdir(join(folder, 'checkpoints'))).filter((name) => /^\d{8,}$/.test(name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw new TouchstoneError('io', `cannot read ${folder}: ${messageOf(error)}`, { cause: error });
  }
}

async function readPosition(path: string): Promise<TrainingPosition | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw new TouchstoneError('io', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
  try {
    return positionSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new TouchstoneError('io', `${path} is not a training position: ${messageOf(error)}`, { cause: error, advice: 'Remove this checkpoint folder to resume from the one before.' });
  }
}

/** The finished model, in the dtype that was asked for. */
export async function saveModel(folder: string, template: CheckpointTemplate, weights: readonly FloatTensor[], dtype: 'F32' | 'F16' | 'BF16'): Promise<string> {
  const target = join(folder, 'model');
  await createFolder(target);
  await writeCheckpoint(template, weights, dtype, filesOf(target));
  return target;
}

/** Writes the files of a folder by the atomic protocol. */
function filesOf(folder: string): FileWriter {
  return async (name, write) => {
    await commitFile(join(folder, name), write);
  };
}

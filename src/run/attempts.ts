import { readdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf } from '../errors.js';
import { fileSystemTime } from './file-system-time.js';
import { ioError } from './io-error.js';

/** A file that is being written, or that a killed process left half-written. */
export interface Attempt {
  /** Relative to the run folder. */
  readonly path: string;
  readonly bytes: number;
  /** When its process last wrote to it or gave another sign of life, by the clock of the file system. */
  readonly modifiedMs: number;
}

/** Folders in which files of a run are written; '' is the run folder. */
const FOLDERS = ['', 'shards', 'commits', 'quarantine', 'failures'] as const;

/** A process that has given no sign of life for so long is dead: one that lives touches its open files every hour (sign-of-life.ts), however slowly it writes. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** Whether a file name is that of a temporary file. */
export function isAttemptName(fileName: string): boolean {
  return /^\..+\.[0-9a-f]{16}\.tmp$/.test(fileName);
}

/** The temporary files of a run. Whether their processes live cannot be told: they may run on any host that shares the folder. */
export async function listAttempts(run: string): Promise<Attempt[]> {
  const names = await Promise.all(FOLDERS.map(async (folder) => (await namesIn(join(run, folder))).filter(isAttemptName).map((name) => (folder === '' ? name : `${folder}/${name}`))));
  const attempts: Attempt[] = [];
  for (const path of names.flat()) {
    const found = await stat(join(run, path)).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined; // it has got its name, or was dropped
      throw ioError('read', join(run, path), error);
    });
    if (found !== undefined) attempts.push({ path, bytes: found.size, modifiedMs: found.mtimeMs });
  }
  return attempts;
}

/**
 * Removes the temporary files whose processes have given no sign of life for a day, and returns them. A day of the file system's own clock: hosts that share
 * a folder may disagree about the time. A process that wakes after such a sleep finds its file gone, ends with a retryable error, and has lost nothing but
 * its own attempt.
 */
export async function sweepAttempts(run: string): Promise<Attempt[]> {
  const attempts = await listAttempts(run);
  if (attempts.length === 0) return [];
  const nowMs = await fileSystemTime(run);
  const abandoned = attempts.filter(({ modifiedMs }) => nowMs - modifiedMs > ABANDONED_MS);
  for (const { path } of abandoned) await remove(join(run, path));
  return abandoned;
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw ioError('remove', path, error);
  });
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw ioError('read the folder', folder, error);
  });
}

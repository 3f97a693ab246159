import type { Stats } from 'node:fs';
import { readdir, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf } from '../errors.js';
import { fileSystemTime } from './file-system-time.js';
import { ioError } from './io-error.js';

/** A file, or a folder of files, that is being written, or that a killed process left half-written. */
export interface Attempt {
  /** Relative to the run folder. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** Of the file, or of all files of the folder. */
  readonly bytes: number;
  /** When its process last wrote to it, or to any file of the folder, or gave another sign of life, by the clock of the file system. */
  readonly modifiedMs: number;
}

/** Folders in which files of a scoring run are written; '' is the run folder. */
const FOLDERS = ['', 'shards', 'commits', 'quarantine', 'failures'] as const;

/** A process that has given no sign of life for so long is dead: one that lives touches its open files every hour (sign-of-life.ts), however slowly it writes. */
const ABANDONED_MS = 24 * 3600 * 1000;

/** Whether a name is that of a temporary file or folder. */
export function isAttemptName(fileName: string): boolean {
  return /^\..+\.[0-9a-f]{16}\.tmp$/.test(fileName);
}

/** The temporary files and folders in these folders of a run. Whether their processes live cannot be told: they may run on any host that shares the folder. */
export async function listAttempts(run: string, folders: readonly string[] = FOLDERS): Promise<Attempt[]> {
  const names = await Promise.all(folders.map(async (folder) => (await namesIn(join(run, folder))).filter(isAttemptName).map((name) => (folder === '' ? name : `${folder}/${name}`))));
  const attempts: Attempt[] = [];
  for (const path of names.flat()) {
    const found = await lookAt(run, path);
    if (found !== undefined) attempts.push(found);
  }
  return attempts;
}

/**
 * Removes the temporary files and folders whose processes have given no sign of life for a day, and returns them. A day of the file system's own clock: hosts that share
 * a folder may disagree about the time. A process that wakes after such a sleep finds its file gone, ends with a retryable error, and has lost nothing but
 * its own attempt.
 */
export async function sweepAttempts(run: string, folders: readonly string[] = FOLDERS): Promise<Attempt[]> {
  const attempts = await listAttempts(run, folders);
  if (attempts.length === 0) return [];
  const nowMs = await fileSystemTime(run);
  const abandoned = attempts.filter(({ modifiedMs }) => nowMs - modifiedMs > ABANDONED_MS);
  for (const { path, kind } of abandoned) await (kind === 'file' ? remove(join(run, path)) : removeFolder(join(run, path)));
  return abandoned;
}

/** undefined where it is gone: it has got its name, or was dropped. */
async function lookAt(run: string, path: string): Promise<Attempt | undefined> {
  const own = await statIfPresent(join(run, path));
  if (own === undefined) return undefined;
  if (!own.isDirectory()) return { path, kind: 'file', bytes: own.size, modifiedMs: own.mtimeMs };
  let [bytes, modifiedMs] = [0, own.mtimeMs];
  for (const name of await namesIn(join(run, path))) {
    const file = await statIfPresent(join(run, path, name));
    bytes += file?.size ?? 0;
    modifiedMs = Math.max(modifiedMs, file?.mtimeMs ?? 0);
  }
  return { path, kind: 'folder', bytes, modifiedMs };
}

async function statIfPresent(path: string): Promise<Stats | undefined> {
  return await stat(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw ioError('read', path, error);
  });
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw ioError('remove', path, error);
  });
}

async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true }).catch((error: unknown) => {
    throw ioError('remove', path, error);
  });
}

async function namesIn(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw ioError('read the folder', folder, error);
  });
}

import { mkdir, open, stat, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { errnoOf } from '../errors.js';
import { ioError } from './io-error.js';

/** Answers of file systems on which a folder has nothing to sync; a name there is as durable as the file system makes it. */
const FOLDER_SYNC_UNKNOWN = new Set(['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** Makes the names in a folder durable. Throws an io error if the file system reports that it could not. */
export async function syncFolder(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    await handle.sync();
  } catch (error) {
    if (!FOLDER_SYNC_UNKNOWN.has(errnoOf(error) ?? '')) throw ioError('sync the folder', path, error);
  } finally {
    await handle?.close();
  }
}

/** Creates a folder and the folders above it where they are missing, durably: each new name is synced in the folder that holds it. */
export async function createFolder(path: string): Promise<void> {
  await createMissing(resolve(path), true);
}

/**
 * Node's own recursive mkdir never returns where a file system answers ENOENT although the parent is there, as /proc does; here a second ENOENT is an error.
 */
async function createMissing(folder: string, createParent: boolean): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return;
    if (code !== 'ENOENT' || !createParent || dirname(folder) === folder) throw ioError('create the folder', folder, error);
    await createMissing(dirname(folder), true);
    await createMissing(folder, false);
    return;
  }
  await syncFolder(dirname(folder));
}

import { mkdir, open, type FileHandle } from 'node:fs/promises';
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

/** Creates a folder and the folders above it where they are missing, durably. */
export async function createFolder(path: string): Promise<void> {
  const absolute = resolve(path);
  let firstCreated: string | undefined;
  try {
    firstCreated = await mkdir(absolute, { recursive: true });
  } catch (error) {
    throw ioError('create the folder', absolute, error);
  }
  if (firstCreated === undefined) return;
  // Each new folder is a name in its parent: sync from the new leaf's parent up to the parent of the first one created.
  const top = dirname(resolve(firstCreated));
  for (let folder = dirname(absolute); ; folder = dirname(folder)) {
    await syncFolder(folder);
    if (folder === top || folder === dirname(folder)) return;
  }
}

import { open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf } from '../errors.js';
import { attemptId } from './attempt-id.js';
import { ioError } from './io-error.js';

/**
 * The time by the clock of the file system that holds a folder, in ms: that of a file made there now, which is removed again. Hosts that share a folder may
 * disagree about the time, so ages of its files are told by this clock only.
 */
export async function fileSystemTime(folder: string): Promise<number> {
  const path = join(folder, `.clock.${attemptId()}.tmp`);
  try {
    const file = await open(path, 'wx');
    try {
      return (await file.stat()).mtimeMs;
    } finally {
      await file.close();
      await remove(path);
    }
  } catch (error) {
    throw ioError('create', path, error);
  }
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw ioError('remove', path, error);
  });
}

import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';

import { syncFolder } from './folder.js';
import { ioError } from './io-error.js';
import { TemporaryFile } from './temporary-file.js';

/**
 * Writes a file in place of whatever has its name: readers see the old bytes or the new ones, all of them, through a crash or a power cut. For reports, which are
 * made anew; the files of a run are never replaced (atomic-file.ts).
 */
export async function replaceFile(path: string, content: Uint8Array): Promise<void> {
  const file = await TemporaryFile.create(path);
  try {
    await file.sink(content);
    await file.finish();
    await rename(file.path, path).catch((error: unknown) => {
      throw ioError('replace', path, error);
    });
    await syncFolder(dirname(path));
  } catch (error) {
    await file.discard();
    throw error;
  }
}

import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { TouchstoneError, errnoOf } from '../errors.js';
import { ioError } from './io-error.js';

/**
 * Whether a run folder could be written, told before hours go into what would be written there; touches nothing. `setting` names the folder in messages.
 * Throws a usage error where the path, or a part of it, is not a folder, an io error where the file system says no.
 */
export async function checkWritable(run: string, setting: string): Promise<void> {
  for (let path = run; ; path = dirname(path)) {
    try {
      if (!(await stat(path)).isDirectory()) {
        const what = path === run ? 'it is a file' : `${path} is a file`;
        throw new TouchstoneError('usage', `${setting} must be a folder, or a path where one can be made, got ${run}: ${what}`, { advice: 'Choose another folder with --out.' });
      }
      await access(path, constants.W_OK | constants.X_OK);
      return;
    } catch (error) {
      const code = errnoOf(error);
      if ((code === 'ENOENT' || code === 'ENOTDIR') && path !== dirname(path)) continue; // the folder above decides
      throw ioError('write into', path, error);
    }
  }
}

import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';

import { errnoOf } from '../errors.js';
import { ioError } from './io-error.js';

export { hashFile, type FileHash } from '../stream/file-hash.js';

/** sha256 of a text's UTF-8 bytes, or of bytes; lower-case hex. */
export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Bytes of a file; undefined where there is none. Throws an io error where the file system cannot say. */
export async function fileSize(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw ioError('read', path, error);
  }
}

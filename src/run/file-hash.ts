import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import { errnoOf } from '../errors.js';
import { ioError } from './io-error.js';

/** Length and content of a file, as far as anything in a run folder needs to know them. */
export interface FileHash {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Bytes read from disk at a time while hashing. */
const READ_BYTES = 1024 * 1024;

/** Reads the whole file once, in constant memory. Throws an io error that names the path. */
export async function hashFile(path: string): Promise<FileHash> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
    }
  } catch (error) {
    throw ioError('read', path, error);
  }
  return { bytes, sha256: hash.digest('hex') };
}

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

import { createHash } from 'node:crypto';
import { fileChunks, openFile } from './file-chunks.js';

export interface FileHash {
  /** Lower-case hex. */
  readonly sha256: string;
  /** Bytes that were hashed: the size of the file at that moment. */
  readonly bytes: number;
}

/**
 * The sha256 and the size of a file, read once in chunks of 256 KiB.
 * Throws the signal's reason once it is aborted, TouchstoneError 'io' where the file cannot be read; the file is closed either way.
 */
export async function hashFile(path: string, signal?: AbortSignal): Promise<FileHash> {
  signal?.throwIfAborted();
  const handle = await openFile(path);
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of fileChunks(handle, path, { signal })) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    return { sha256: hash.digest('hex'), bytes };
  } finally {
    await handle.close();
  }
}

import { type FileHandle, open } from 'node:fs/promises';
import { errnoOf, messageOf, TouchstoneError } from '../errors.js';

/** Large enough that a read costs little beside decoding what was read, small enough to stay in the processor's cache. */
const DEFAULT_CHUNK_BYTES = 256 * 1024;

export interface FileRange {
  /** First byte; default 0. */
  readonly start?: number;
  /** Byte after the last one; default: to the end of the file. */
  readonly end?: number;
  /** Size of the chunks; default 256 KiB. */
  readonly chunkBytes?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Opens a file for reading; whoever opens it closes it. Throws TouchstoneError naming the file. */
export async function openFile(path: string): Promise<FileHandle> {
  return open(path, 'r').catch((cause: unknown) => {
    throw readError(path, cause);
  });
}

/**
 * The bytes of a range, in order, in chunks of one size (the last one shorter), wherever the file system cuts its reads: what is computed
 * per chunk is the same on every machine. Every chunk is a fresh buffer owned by the receiver. A file that ends before `end` is an error.
 * Throws the signal's reason once it is aborted, TouchstoneError where reading fails.
 */
export async function* fileChunks(handle: FileHandle, path: string, range: FileRange = {}): AsyncGenerator<Buffer, void, undefined> {
  let position = range.start ?? 0;
  const end = range.end ?? Infinity;
  const chunkBytes = range.chunkBytes ?? DEFAULT_CHUNK_BYTES;
  while (position < end) {
    range.signal?.throwIfAborted();
    const chunk = await readAt(handle, path, position, Math.min(chunkBytes, end - position));
    position += chunk.length;
    if (chunk.length > 0) yield chunk;
    if (chunk.length < chunkBytes && position < end) {
      if (end === Infinity) return;
      throw new TouchstoneError('io', `${path} ends at byte ${position}, expected at least ${end} bytes`, {
        advice: 'The file changed while it was read; put the planned file back or start a new run.',
      });
    }
  }
}

/** The bytes [position, position + length) of a file; fewer only where the file ends. The buffer is fresh and fills its ArrayBuffer. */
export async function readAt(handle: FileHandle, path: string, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled).catch((cause: unknown) => {
      throw readError(path, cause);
    });
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

/** System errors that may be gone when the same command runs again. */
const PASSING = new Set(['EIO', 'ESTALE', 'ETIMEDOUT', 'EBUSY', 'EAGAIN', 'ENFILE']);

/** The error for a file that cannot be read, with the system's own reason; 'retryable' where that may pass, else 'io'. */
export function readError(path: string, cause: unknown): TouchstoneError {
  const code = errnoOf(cause) ?? '';
  const reason = code === 'ENOENT' ? 'it does not exist' : code === 'EACCES' ? 'permission is denied' : messageOf(cause);
  return new TouchstoneError(PASSING.has(code) ? 'retryable' : 'io', `cannot read ${path}: ${reason}`, { cause });
}

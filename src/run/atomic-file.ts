import { dirname } from 'node:path';

import { TouchstoneError, errnoOf } from '../errors.js';
import type { ByteSink } from '../stream/byte-sink.js';
import { hashFile, type FileHash } from './file-hash.js';
import { syncFolder } from './folder.js';
import { publish } from './publish.js';
import { TemporaryFile } from './temporary-file.js';

export interface WriteOnceOptions {
  /** Checks the complete, closed file before it gets its name, by re-opening it; throwing discards the file. */
  readonly verify?: (temporaryPath: string) => Promise<void>;
  /** Aborting before the file has its final name discards it and throws the signal's reason. */
  readonly signal?: AbortSignal;
  /**
   * Called where the final name is taken. 'keep': the file there stands. 'retry': it has been moved out of the way, try the name again.
   * Throwing refuses, and discards what was written. Default: 'keep'.
   */
  readonly onExisting?: (written: FileHash) => Promise<'keep' | 'retry'>;
}

export interface CommitFileOptions {
  readonly verify?: (temporaryPath: string) => Promise<void>;
  readonly signal?: AbortSignal;
  /**
   * Called where the final name holds other bytes, instead of throwing. May move that file out of the way (set-aside.ts), after which the name
   * is tried once more; throwing refuses.
   */
  readonly onDifferent?: (existing: FileHash, written: FileHash) => Promise<void>;
}

export interface WrittenFile extends FileHash {
  readonly outcome: 'created' | 'exists';
}

export interface WrittenOnce<T> extends WrittenFile {
  /** What `write` returned. */
  readonly result: T;
}

export interface CommittedBytes extends FileHash {
  /** 'identical': another attempt was first, with the same bytes. */
  readonly outcome: 'created' | 'identical';
}

export interface CommittedFile<T> extends CommittedBytes {
  /** What `write` returned. */
  readonly result: T;
}

/**
 * Writes a file so that its final name shows all of it or nothing, through a crash or a power cut: a temporary file beside it, fsync, close, verify,
 * link to the final name, unlink the temporary one, fsync the folder. The first attempt wins: an existing file is never replaced ('exists'; `bytes`
 * and `sha256` are then those of the file that was written and dropped). Whatever throws, no temporary file stays behind; a killed process leaves
 * one hidden `.name.attempt.tmp`. Buffers 256 KiB; hashes the bytes on their way.
 */
export async function writeOnce<T>(finalPath: string, write: (sink: ByteSink) => Promise<T>, options: WriteOnceOptions = {}): Promise<WrittenOnce<T>> {
  const file = await TemporaryFile.create(finalPath, options.signal);
  try {
    const result = await write(file.sink);
    return { result, ...(await finishOnce(file, options)) };
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** What follows the last byte in `writeOnce`, for a file that was written over time. Where it throws, discarding the file is the caller's. */
export async function finishOnce(file: TemporaryFile, { verify, signal, onExisting }: WriteOnceOptions = {}): Promise<WrittenFile> {
  const written = await file.finish();
  await verify?.(file.path);
  signal?.throwIfAborted();
  let outcome = await publish(file.path, file.finalPath);
  while (outcome === 'exists' && (await onExisting?.(written)) === 'retry') outcome = await publish(file.path, file.finalPath);
  await file.unlink();
  // Also where another attempt was first: it may have been killed before it could sync the name.
  await syncFolder(dirname(file.finalPath));
  return { ...written, outcome };
}

/**
 * `writeOnce` for files whose bytes follow from their inputs: where the final name is taken, the file there must have the same sha256. Throws
 * an io error naming both where it does not, unless `onDifferent` clears the way.
 */
export async function commitFile<T>(finalPath: string, write: (sink: ByteSink) => Promise<T>, options: CommitFileOptions = {}): Promise<CommittedFile<T>> {
  const { result, ...written } = await writeOnce(finalPath, write, sameBytes(finalPath, options));
  return { result, ...committed(written) };
}

/** `finishOnce` by the rule of `commitFile`. */
export async function finishCommit(file: TemporaryFile, options: CommitFileOptions = {}): Promise<CommittedBytes> {
  return committed(await finishOnce(file, sameBytes(file.finalPath, options)));
}

/** The rule of `commitFile` for a name that is taken. */
function sameBytes(finalPath: string, { onDifferent, ...rest }: CommitFileOptions): WriteOnceOptions {
  let differed = false;
  return {
    ...rest,
    onExisting: async (mine) => {
      const existing = await hashIfPresent(finalPath);
      if (existing === undefined) return 'retry';
      if (existing.sha256 === mine.sha256) return 'keep';
      if (onDifferent === undefined || differed) throw differentBytes(finalPath, existing, mine);
      differed = true;
      await onDifferent(existing, mine);
      return 'retry';
    },
  };
}

function committed({ bytes, sha256, outcome }: WrittenFile): CommittedBytes {
  return { bytes, sha256, outcome: outcome === 'created' ? 'created' : 'identical' };
}

/** undefined where the file is gone: another process moved it aside meanwhile. */
async function hashIfPresent(path: string): Promise<FileHash | undefined> {
  try {
    return await hashFile(path);
  } catch (error) {
    if (error instanceof TouchstoneError && errnoOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}

function differentBytes(path: string, existing: FileHash, written: FileHash): TouchstoneError {
  return new TouchstoneError(
    'io',
    `${path} exists with other bytes: sha256 ${existing.sha256} (${existing.bytes} bytes), and this attempt wrote ${written.sha256} (${written.bytes} bytes)`,
    { advice: 'Nothing was replaced. If no other process writes there, move the existing file away and run the same command again.' },
  );
}

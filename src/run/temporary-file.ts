import { createHash } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { TouchstoneError, errnoOf } from '../errors.js';
import type { ByteSink } from '../stream/byte-sink.js';
import { attemptId } from './attempt-id.js';
import type { FileHash } from './file-hash.js';
import { ioError } from './io-error.js';
import { giveSignsOfLife } from './sign-of-life.js';

/** Small writes are gathered in one buffer of this size; larger ones go straight to the file. */
const BUFFER_BYTES = 256 * 1024;

/** A name of its own for one attempt at a file or folder, beside the final one and hidden, so that no glob for shards finds it. */
export function temporaryPath(finalPath: string): string {
  return join(dirname(finalPath), `.${basename(finalPath)}.${attemptId()}.tmp`);
}

/**
 * One attempt at a file, under a name of its own beside `finalPath`: append through `sink`, then `finish`, else `discard`.
 * Holds BUFFER_BYTES of memory. Errors name the final path, which is the one the user knows. While it is open it gives a sign of life every hour, however long
 * nothing is written to it, so that no other process takes it for abandoned (attempts.ts).
 */
export class TemporaryFile {
  readonly path: string;
  readonly finalPath: string;
  readonly #handle: FileHandle;
  readonly #signal: AbortSignal | undefined;
  readonly #endSigns: () => Promise<void>;
  readonly #hash = createHash('sha256');
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #buffered = 0;
  #bytes = 0;
  #writing = false;
  /** Why nothing more is accepted, once that is so. */
  #ended: string | undefined;

  private constructor(path: string, finalPath: string, handle: FileHandle, signal: AbortSignal | undefined) {
    this.path = path;
    this.finalPath = finalPath;
    this.#handle = handle;
    this.#signal = signal;
    this.#endSigns = giveSignsOfLife(path);
  }

  /** Creates the file; fails if anything has its name. */
  static async create(finalPath: string, signal?: AbortSignal): Promise<TemporaryFile> {
    return await TemporaryFile.createAs(temporaryPath(finalPath), finalPath, signal);
  }

  /** `create` under a given name, that of a file in a folder which is temporary itself. */
  static async createAs(path: string, finalPath: string, signal?: AbortSignal): Promise<TemporaryFile> {
    signal?.throwIfAborted();
    try {
      return new TemporaryFile(path, finalPath, await open(path, 'wx'), signal);
    } catch (error) {
      throw ioError('create', finalPath, error);
    }
  }

  /** Appends a chunk. One call at a time: a caller that does not await would hand over bytes in an order nobody knows. */
  readonly sink: ByteSink = async (chunk) => {
    if (this.#writing) this.#ended = 'a write that was not awaited';
    this.#refuseIfEnded();
    this.#writing = true;
    try {
      this.#signal?.throwIfAborted();
      await this.#append(chunk);
    } catch (error) {
      this.#ended = 'a failed write';
      throw error;
    } finally {
      this.#writing = false;
    }
  };

  /** Flushes, syncs and closes. The file is complete and durable under its temporary name when this resolves. */
  async finish(): Promise<FileHash> {
    if (this.#writing) this.#ended = 'a write that was not awaited';
    this.#refuseIfEnded();
    this.#ended = 'it was finished';
    await this.#flush();
    try {
      // Never tried twice: after a failed fsync the kernel may drop the unwritten pages and report success the next time.
      await this.#handle.sync();
    } catch (error) {
      throw ioError('sync', this.finalPath, error);
    }
    await this.#endSigns();
    try {
      await this.#handle.close();
    } catch (error) {
      throw ioError('write', this.finalPath, error);
    }
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  /** Closes and removes the file, whatever state it is in. Never throws: it runs while another error is on its way. */
  async discard(): Promise<void> {
    this.#ended = 'it was discarded';
    await this.#endSigns();
    await this.#handle.close().catch(() => undefined);
    await unlink(this.path).catch(() => undefined);
  }

  /** Removes the temporary name; the bytes live on under the names linked to them. */
  async unlink(): Promise<void> {
    try {
      await unlink(this.path);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw ioError('remove', this.path, error);
    }
  }

  #refuseIfEnded(): void {
    if (this.#ended === undefined) return;
    throw new TouchstoneError('internal', `${this.finalPath} can be neither extended nor finished after ${this.#ended}`);
  }

  async #append(chunk: Uint8Array): Promise<void> {
    if (this.#buffered + chunk.length > BUFFER_BYTES) await this.#flush();
    if (chunk.length >= BUFFER_BYTES) {
      await this.#write(chunk);
      return;
    }
    this.#buffer.set(chunk, this.#buffered);
    this.#buffered += chunk.length;
  }

  async #flush(): Promise<void> {
    const pending = this.#buffer.subarray(0, this.#buffered);
    this.#buffered = 0;
    if (pending.length > 0) await this.#write(pending);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    try {
      for (let offset = 0; offset < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, offset, bytes.length - offset);
        offset += bytesWritten;
      }
    } catch (error) {
      throw ioError('write', this.finalPath, error);
    }
    this.#bytes += bytes.length;
  }
}

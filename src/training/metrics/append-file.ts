import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { syncFolder } from '../../run/folder.js';
import { ioError } from '../../run/io-error.js';

/** A file that only ever grows, piece by piece, while others may be reading it. */
export class AppendFile {
  readonly path: string;
  readonly #handle: FileHandle;
  #bytes: number;

  private constructor(path: string, handle: FileHandle, bytes: number) {
    this.path = path;
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /** Opens the file, creates it where there is none, and cuts it back to its first `keptBytes(path)` bytes, durably. */
  static async open(path: string, keptBytes: (path: string) => Promise<number>): Promise<AppendFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'a');
      const bytes = await keptBytes(path);
      await handle.truncate(bytes);
      await handle.sync();
      await syncFolder(dirname(path));
      return new AppendFile(path, handle, bytes);
    } catch (error) {
      await handle?.close().catch(() => undefined);
      throw ioError('open', path, error);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Appends a piece. A killed process leaves it whole or not at all as far as the file system goes, and where a write fails, what it wrote of the piece
   * is taken back. One call at a time.
   */
  async append(piece: Uint8Array): Promise<void> {
    try {
      for (let offset = 0; offset < piece.length; ) offset += (await this.#handle.write(piece, offset)).bytesWritten;
    } catch (error) {
      await this.#handle.truncate(this.#bytes).catch(() => undefined); // opening the file again would find it, too
      throw ioError('write', this.path, error);
    }
    this.#bytes += piece.length;
  }

  async sync(): Promise<void> {
    await this.#handle.sync().catch((error: unknown) => {
      throw ioError('write', this.path, error);
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

import { open, type FileHandle } from 'node:fs/promises';
import { Damage } from './damage.js';
import { ioError } from '../run/io-error.js';

/** A file opened for reading at positions. */
export class ShardFile {
  readonly path: string;
  readonly bytes: number;
  private readonly handle: FileHandle;
  private read = 0;

  private constructor(path: string, bytes: number, handle: FileHandle) {
    this.path = path;
    this.bytes = bytes;
    this.handle = handle;
  }

  static async open(path: string): Promise<ShardFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      return new ShardFile(path, (await handle.stat()).size, handle);
    } catch (error) {
      await handle?.close();
      throw ioError('read', path, error);
    }
  }

  /** Bytes read so far. */
  get bytesRead(): number {
    return this.read;
  }

  /** Bytes [start, end) of the file, in a new array. Throws where the file does not have them. */
  async slice(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!(start >= 0 && start <= end && end <= this.bytes)) {
      throw new Damage(`it has ${this.bytes} bytes, and its footer points at bytes ${start} to ${end}`);
    }
    const bytes = new Uint8Array(new ArrayBuffer(end - start));
    for (let done = 0; done < bytes.length; ) {
      let bytesRead: number;
      try {
        ({ bytesRead } = await this.handle.read(bytes, done, bytes.length - done, start + done));
      } catch (error) {
        throw ioError('read', this.path, error);
      }
      if (bytesRead === 0) throw new Damage(`it ended at byte ${start + done}; it had ${this.bytes} bytes when it was opened`);
      done += bytesRead;
      this.read += bytesRead;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

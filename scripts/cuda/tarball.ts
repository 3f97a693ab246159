import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { messageOf, TouchstoneError } from '../../src/errors.js';

const BLOCK = 512;
/** Entries that are files: "0", and the empty type of old archives. */
const REGULAR = new Set([0x30, 0]);

export interface FileSink {
  write(chunk: Buffer): Promise<void>;
  /** All of the file has been written. */
  end(): Promise<void>;
}

/**
 * Goes through a .tgz once. `open` is called with the path of every file in it and gives a place to write the file to, or null to pass over it.
 * Names of more than 100 characters are not understood: npm's archives of the packages read here have none.
 * @throws TouchstoneError ('io') if it cannot be read, is no gzip, or ends too early; and what the sinks throw
 */
export async function readTarball(path: string, open: (name: string) => Promise<FileSink | null>): Promise<void> {
  const entries = new Entries(open);
  for await (const chunk of unpacked(path)) await entries.take(chunk);
  if (!entries.complete) throw new TouchstoneError('io', `${path} ends within a file`, { advice: 'It must be a whole .tgz file.' });
}

async function* unpacked(path: string): AsyncGenerator<Buffer, void, undefined> {
  const source = createReadStream(path);
  const gunzip = source.pipe(createGunzip());
  source.on('error', (error) => gunzip.destroy(error));
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw new TouchstoneError('io', `cannot read ${path}: ${messageOf(error)}`, { advice: 'It must be a whole .tgz file.', cause: error });
  } finally {
    source.destroy();
  }
}

/** The state between two chunks: within a header, within a file, or within the fill behind one. */
class Entries {
  readonly #open: (name: string) => Promise<FileSink | null>;
  #header = Buffer.alloc(0);
  #sink: FileSink | null = null;
  #fileLeft = 0;
  #fillLeft = 0;

  constructor(open: (name: string) => Promise<FileSink | null>) {
    this.#open = open;
  }

  get complete(): boolean {
    return this.#fileLeft === 0 && this.#header.length === 0;
  }

  async take(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      if (this.#fileLeft > 0) {
        const piece = chunk.subarray(at, at + this.#fileLeft);
        await this.#sink?.write(piece);
        this.#fileLeft -= piece.length;
        at += piece.length;
        if (this.#fileLeft === 0) await this.#sink?.end();
      } else if (this.#fillLeft > 0) {
        const skipped = Math.min(this.#fillLeft, chunk.length - at);
        this.#fillLeft -= skipped;
        at += skipped;
      } else {
        const piece = chunk.subarray(at, at + BLOCK - this.#header.length);
        this.#header = Buffer.concat([this.#header, piece]);
        at += piece.length;
        if (this.#header.length === BLOCK) await this.#begin(this.#header);
      }
    }
  }

  async #begin(header: Buffer): Promise<void> {
    this.#header = Buffer.alloc(0);
    const size = Number.parseInt(text(header, 124, 12), 8) || 0; // blocks of zeros end an archive
    this.#fileLeft = size;
    this.#fillLeft = (BLOCK - (size % BLOCK)) % BLOCK;
    this.#sink = size > 0 && REGULAR.has(header[156]!) ? await this.#open(text(header, 0, 100)) : null;
  }
}

function text(header: Buffer, offset: number, length: number): string {
  const field = header.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

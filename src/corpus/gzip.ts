import { createGunzip } from 'node:zlib';
import { errnoOf, messageOf } from '../errors.js';
import { CorruptInput } from './corrupt-input.js';

/** Size of the chunks that come out. */
const OUTPUT_BYTES = 256 * 1024;

/** A good size for the chunks that go in: a fault costs one decoder call for each byte of one chunk (about 20 microseconds each). */
export const GZIP_INPUT_BYTES = 64 * 1024;

/**
 * The uncompressed bytes of a gzip stream of any number of members. Everything that precedes a fault is delivered, to the byte, whatever the
 * consumer's pace; then CorruptInput is thrown. Zero bytes after a member are padding (as in gzip); other bytes there are a fault.
 * `open` gives the compressed chunks from the beginning; it is called a second time only after a fault.
 */
export async function* gunzip(open: () => AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  let delivered = 0;
  let chunksRead = 0;
  try {
    for await (const chunk of inflate(count(open(), () => chunksRead++))) {
      delivered += chunk.length;
      yield chunk;
    }
  } catch (error) {
    if (!(error instanceof FaultInside)) throw error;
    // zlib discards what it produced in the call that failed. Decode once more, byte by byte in the chunk at fault, and deliver the rest.
    try {
      for await (const chunk of inflate(bytewiseFrom(open(), chunksRead - 1))) {
        const known = Math.min(delivered, chunk.length);
        delivered -= known;
        if (known < chunk.length) yield chunk.subarray(known);
      }
    } catch (again) {
      throw again instanceof FaultInside ? new CorruptInput(again.message) : again;
    }
  }
}

/** zlib met bytes it cannot decode. */
class FaultInside extends Error {}

/** One pass of zlib. A stream decoder would drop, on a fault, whatever its consumer has not yet taken: so it is fed by hand. */
async function* inflate(compressed: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const decoder = createGunzip({ chunkSize: OUTPUT_BYTES });
  const output: Buffer[] = [];
  decoder.on('data', (chunk: Buffer) => output.push(chunk));
  const ended = (): boolean => decoder.readableEnded;
  const settled = new Promise<void>((resolve) => decoder.once('end', resolve).once('error', () => { resolve(); }));
  let fed = 0;
  try {
    for await (const chunk of compressed) {
      if (ended()) {
        expectPadding(chunk, fed);
        fed += chunk.length;
        continue;
      }
      await Promise.race([settled, new Promise<void>((resolve) => decoder.write(chunk, () => { resolve(); }))]);
      fed += chunk.length;
      yield* output.splice(0);
      if (decoder.errored !== null) throw faultOf(decoder.errored);
      if (ended()) expectPadding(chunk.subarray(chunk.length - (fed - decoder.bytesWritten)), decoder.bytesWritten);
    }
    if (ended()) return;
    decoder.end();
    await settled;
    yield* output.splice(0);
    if (decoder.errored !== null) throw faultOf(decoder.errored);
  } finally {
    decoder.destroy();
  }
}

function faultOf(error: Error): Error {
  if (errnoOf(error) === 'Z_BUF_ERROR') return new CorruptInput('the gzip stream ends too early');
  return new FaultInside(`the gzip stream is corrupt (${messageOf(error)})`);
}

function expectPadding(bytes: Buffer, offset: number): void {
  const at = bytes.findIndex((byte) => byte !== 0);
  if (at >= 0) throw new CorruptInput(`the file goes on after its gzip data, at byte ${offset + at} of the compressed file`);
}

async function* count(chunks: AsyncIterable<Buffer>, add: () => void): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    add();
    yield chunk;
  }
}

/** The same bytes, with the chunk of this index cut into single bytes. */
async function* bytewiseFrom(chunks: AsyncIterable<Buffer>, index: number): AsyncGenerator<Buffer, void, undefined> {
  let i = 0;
  for await (const chunk of chunks) {
    if (i++ !== index) yield chunk;
    else for (let at = 0; at < chunk.length; at++) yield chunk.subarray(at, at + 1);
  }
}

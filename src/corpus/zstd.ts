import { CorruptInput } from './corrupt-input.js';
import { errorOf, type ZstdModule, zstdModule } from './zstd-module.js';

/** Bytes of a ZSTD_inBuffer or ZSTD_outBuffer: address, size, position. */
const STRUCT_BYTES = 12;

/** A frame's header is at least this long, so that this many bytes never reach into the next frame. */
const FRAME_START_BYTES = 5;

/** For a block the decoder asks for these bytes of the next one too. */
const BLOCK_HEADER_BYTES = 3;

/** A good size for the chunks that go in: large ones hold so much text that whoever follows the reading by them is told too late. */
export const ZSTD_INPUT_BYTES = 64 * 1024;

/**
 * The uncompressed bytes of a zstd stream of any number of frames, skippable ones included, checksums verified. Every block that precedes a
 * fault is delivered, then CorruptInput is thrown. Holds one window of the frame (at most 128 MiB, commonly 2-8).
 */
export async function* unzstd(compressed: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const decoder = new ZstdDecoder(await zstdModule());
  try {
    for await (const chunk of compressed) yield* decoder.push(chunk);
    decoder.end();
  } finally {
    decoder.free();
  }
}

/** A streaming decoder with its buffers in the module's memory. */
class ZstdDecoder {
  private readonly zstd: ZstdModule;
  private readonly context: number;
  private readonly inputBytes: number;
  private readonly outputBytes: number;
  private readonly input: number;
  private readonly output: number;
  private readonly inputStruct: number;
  private readonly outputStruct: number;
  /** Bytes the decoder asks for: the rest of a header or of a block. 0 between frames. */
  private wanted = 0;
  private begun = false;

  constructor(zstd: ZstdModule) {
    this.zstd = zstd;
    this.context = zstd.ZSTD_createDCtx();
    this.inputBytes = zstd.ZSTD_DStreamInSize();
    this.outputBytes = zstd.ZSTD_DStreamOutSize();
    this.input = zstd.malloc(this.inputBytes);
    this.output = zstd.malloc(this.outputBytes);
    this.inputStruct = zstd.malloc(STRUCT_BYTES);
    this.outputStruct = zstd.malloc(STRUCT_BYTES);
  }

  *push(chunk: Buffer): Generator<Buffer, void, undefined> {
    let at = 0;
    while (at < chunk.length) {
      // One block at a time, without the header of the next: the decoder drops what it produced in a call that meets a fault.
      const wanted = this.wanted === 0 ? FRAME_START_BYTES : this.wanted > BLOCK_HEADER_BYTES ? this.wanted - BLOCK_HEADER_BYTES : this.wanted;
      const size = Math.min(chunk.length - at, wanted, this.inputBytes);
      new Uint8Array(this.zstd.memory.buffer).set(chunk.subarray(at, at + size), this.input);
      at += size;
      yield* this.decode(size);
    }
  }

  /** Throws CorruptInput where the stream stops inside a frame. */
  end(): void {
    if (!this.begun || this.wanted !== 0) throw new CorruptInput('the zstd stream ends too early');
  }

  free(): void {
    for (const address of [this.input, this.output, this.inputStruct, this.outputStruct]) this.zstd.free(address);
    this.zstd.ZSTD_freeDCtx(this.context);
  }

  private *decode(size: number): Generator<Buffer, void, undefined> {
    this.begun = true;
    this.setStruct(this.inputStruct, this.input, size);
    let produced: number;
    do {
      this.setStruct(this.outputStruct, this.output, this.outputBytes);
      const result = this.zstd.ZSTD_decompressStream(this.context, this.outputStruct, this.inputStruct);
      const error = errorOf(result);
      if (error !== undefined) throw new CorruptInput(`the zstd stream cannot be decoded (${error})`);
      this.wanted = result;
      produced = this.structPosition(this.outputStruct);
      if (produced > 0) yield Buffer.copyBytesFrom(new Uint8Array(this.zstd.memory.buffer, this.output, produced));
      // A full buffer may hide more output, unless the frame is complete.
    } while (this.structPosition(this.inputStruct) < size || (produced === this.outputBytes && this.wanted !== 0));
  }

  private setStruct(struct: number, address: number, size: number): void {
    new Uint32Array(this.zstd.memory.buffer, struct, 3).set([address, size, 0]);
  }

  private structPosition(struct: number): number {
    return new Uint32Array(this.zstd.memory.buffer, struct, 3)[2]!;
  }
}

/** A decoder of whole zstd blocks of known uncompressed size, such as Parquet pages. */
export async function zstdBlockDecoder(): Promise<(compressed: Uint8Array, uncompressedBytes: number) => Uint8Array> {
  const zstd = await zstdModule();
  return (compressed, uncompressedBytes) => {
    const input = zstd.malloc(compressed.length);
    const output = zstd.malloc(uncompressedBytes);
    try {
      if (input === 0 || output === 0) throw new CorruptInput(`not enough memory for a page of ${uncompressedBytes} bytes`);
      new Uint8Array(zstd.memory.buffer).set(compressed, input);
      const result = zstd.ZSTD_decompress(output, uncompressedBytes, input, compressed.length);
      const error = errorOf(result);
      if (error !== undefined) throw new CorruptInput(`a zstd page cannot be decoded (${error})`);
      return new Uint8Array(zstd.memory.buffer).slice(output, output + result);
    } finally {
      zstd.free(input);
      zstd.free(output);
    }
  };
}

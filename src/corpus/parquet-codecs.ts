import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { CompressionCodec } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { CorruptInput } from './corrupt-input.js';
import { zstdBlockDecoder } from './zstd.js';

/** Unpacks one page to exactly `bytes` bytes. Throws (anything) where it cannot. */
export type PageCodec = (packed: Uint8Array, bytes: number) => Uint8Array;

/** The decoder of a codec: native or WebAssembly where there is one. Throws CorruptInput for a codec that is not known. */
export async function pageCodec(codec: CompressionCodec): Promise<PageCodec> {
  const unpack = await unpacker(codec);
  return (packed, bytes) => {
    if (bytes === 0) return new Uint8Array(0);
    const page = unpack(packed, bytes);
    if (page.length !== bytes) throw new CorruptInput(`a page has ${page.length} bytes, expected ${bytes}`);
    return page;
  };
}

async function unpacker(codec: CompressionCodec): Promise<PageCodec> {
  switch (codec) {
    case 'UNCOMPRESSED':
      return (packed) => packed;
    case 'GZIP':
      return (packed, bytes) => gunzipSync(packed, { maxOutputLength: bytes });
    case 'BROTLI':
      return (packed, bytes) => brotliDecompressSync(packed, { maxOutputLength: bytes });
    case 'ZSTD':
      return zstdBlockDecoder();
    case 'SNAPPY': {
      const snappy = compressors.SNAPPY!;
      return (packed, bytes) => {
        // The decoder trusts its caller about the size and would hand out stale memory.
        if (snappyLength(packed) !== bytes) throw new CorruptInput(`a snappy page announces ${snappyLength(packed)} bytes, expected ${bytes}`);
        return snappy(packed, bytes);
      };
    }
    default: {
      const known = compressors[codec];
      if (known === undefined) throw new CorruptInput(`compression ${codec} is not supported`);
      return known;
    }
  }
}

/** The unpacked size a snappy block begins with, as a little-endian base-128 number. */
function snappyLength(packed: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = packed[i] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) break;
  }
  return length;
}

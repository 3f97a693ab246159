import { brotliCompressSync, gzipSync } from 'node:zlib';
import { compress, init } from '@bokuweb/zstd-wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { CorruptInput } from '../../src/corpus/corrupt-input.js';
import { pageCodec } from '../../src/corpus/parquet-codecs.js';

beforeAll(() => init());

const page = Buffer.from('ten bytes!');
/** One literal: the length in front, a tag of (length - 1) << 2, the bytes. */
const snappy = (announced: number): Uint8Array => Buffer.concat([Buffer.from([announced, (page.length - 1) << 2]), page]);

describe('a compressed page', () => {
  it('is unpacked whatever the codec', async () => {
    const packed = { UNCOMPRESSED: page, GZIP: gzipSync(page), BROTLI: brotliCompressSync(page), ZSTD: compress(page, 1), SNAPPY: snappy(page.length), LZ4_RAW: Buffer.concat([Buffer.from([page.length << 4]), page]) } as const;
    for (const [codec, bytes] of Object.entries(packed)) {
      const unpack = await pageCodec(codec as keyof typeof packed);
      expect(Buffer.from(unpack(bytes, page.length)).toString(), codec).toBe('ten bytes!');
    }
  });

  it('of another size than its header says is refused, never padded with what memory held', async () => {
    const packed = { UNCOMPRESSED: page, GZIP: gzipSync(page), BROTLI: brotliCompressSync(page), ZSTD: compress(page, 1), SNAPPY: snappy(page.length) } as const;
    for (const [codec, bytes] of Object.entries(packed)) {
      const unpack = await pageCodec(codec as keyof typeof packed);
      expect(() => unpack(bytes, page.length + 1), codec).toThrow();
      expect(() => unpack(bytes, page.length - 1), codec).toThrow();
    }
    const unpack = await pageCodec('SNAPPY');
    expect(() => unpack(snappy(3), page.length)).toThrow('a snappy page announces 3 bytes, expected 10');
  });

  it('that holds nothing may be missing altogether', async () => {
    expect((await pageCodec('ZSTD'))(new Uint8Array(0), 0)).toHaveLength(0);
  });

  it('of an unknown codec is named', async () => {
    await expect(pageCodec('LZO')).rejects.toThrow(new CorruptInput('compression LZO is not supported'));
  });
});

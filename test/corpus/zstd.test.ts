import { compress, init } from '@bokuweb/zstd-wasm';
import { beforeAll, describe, expect, it } from 'vitest';
import { CorruptInput } from '../../src/corpus/corrupt-input.js';
import { unzstd, zstdBlockDecoder } from '../../src/corpus/zstd.js';
import { zstdModule } from '../../src/corpus/zstd-module.js';
import { createRandom } from '../../src/math/random.js';
import { chunksOf } from './corpus-folder.js';

beforeAll(() => init());

async function outcome(compressed: Uint8Array, chunkBytes: number): Promise<{ text: string; fault: string | undefined }> {
  const parts: Buffer[] = [];
  let fault: string | undefined;
  try {
    for await (const chunk of unzstd(chunksOf(compressed, chunkBytes))) parts.push(chunk);
  } catch (error) {
    if (!(error instanceof CorruptInput)) throw error;
    fault = error.message;
  }
  return { text: Buffer.concat(parts).toString('latin1'), fault };
}

const frame = (content: string | Uint8Array): Buffer => Buffer.from(compress(Buffer.from(content), 3));

/** A frame that decoders pass over: magic number, size, content. */
function skippable(bytes: number): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a50, 0);
  header.writeUInt32LE(bytes, 4);
  return Buffer.concat([header, Buffer.alloc(bytes, 0xff)]);
}

/** Text that does not compress to nothing: several blocks of 128 KiB. */
function noisyText(length: number): string {
  const random = createRandom('zstd text');
  let text = '';
  while (text.length < length) text += `${random.uint32().toString(36)}\n`;
  return text.slice(0, length);
}

describe('a zstd stream', () => {
  it.each([1, 3, 100, 1_000_000])('of several frames is read to the end, skippable and empty ones included (chunks of %i bytes)', async (chunkBytes) => {
    const stream = Buffer.concat([frame('one\n'), skippable(0), frame(''), frame('two\n'.repeat(500)), skippable(300), frame('three'), skippable(9)]);
    expect(await outcome(stream, chunkBytes)).toEqual({ text: `one\n${'two\n'.repeat(500)}three`, fault: undefined });
  });

  it('of sizes around a block comes out whole', async () => {
    for (const size of [1, 131_071, 131_072, 131_073, 262_144, 1_000_000]) {
      const content = noisyText(size);
      const { text, fault } = await outcome(Buffer.concat([frame(content), frame(content)]), 65_536);
      expect(fault).toBeUndefined();
      expect(text === content + content, `${size} bytes`).toBe(true);
    }
  });

  it('of many tiny frames comes out whole', async () => {
    const stream = Buffer.concat(Array.from({ length: 5000 }, (_, i) => frame(`${i}\n`)));
    expect(await outcome(stream, 65_536)).toEqual({ text: Array.from({ length: 5000 }, (_, i) => `${i}\n`).join(''), fault: undefined });
  });

  it('cut off anywhere inside a frame gives whole blocks that precede the cut and a fault', async () => {
    const content = noisyText(400_000);
    const whole = Buffer.concat([frame('begin\n'), frame(content)]);
    const seam = frame('begin\n').length;
    for (let end = 0; end < whole.length; end += 997) {
      const { text, fault } = await outcome(whole.subarray(0, end), 65_536);
      if (end !== seam) expect(fault, `cut at ${end}`).toBe('the zstd stream ends too early');
      expect(`begin\n${content}`.startsWith(text)).toBe(true);
    }
    const { text } = await outcome(whole.subarray(0, -1), 65_536);
    expect(text.length).toBeGreaterThan(131_072 * 3);
  });

  it('followed by something else gives its text and a fault', async () => {
    expect(await outcome(Buffer.concat([frame('text\n'), Buffer.from('garbage')]), 1000)).toEqual({ text: 'text\n', fault: 'the zstd stream cannot be decoded (unknown frame)' });
    expect(await outcome(Buffer.from('{"text":"not compressed"}'), 1000)).toEqual({ text: '', fault: 'the zstd stream cannot be decoded (unknown frame)' });
    expect(await outcome(Buffer.alloc(0), 1000)).toEqual({ text: '', fault: 'the zstd stream ends too early' });
  });

  it('with damaged bytes ends in a fault or in other text, never in a loop, and gives every block before the fault', async () => {
    const random = createRandom('zstd faults');
    // Five blocks of a few bytes each: all of them would go into one call of the decoder.
    const compressed = frame(Array.from({ length: 60_000 }, (_, i) => `line ${i % 100}\n`).join(''));
    expect(compressed.length).toBeLessThan(5000);
    let faults = 0;
    for (let round = 0; round < 100; round++) {
      const broken = Buffer.from(compressed);
      broken[random.below(compressed.length)]! ^= 1 << random.below(8);
      const whole = await outcome(broken, 1_000_000);
      const pieces = await outcome(broken, 1);
      expect(pieces.fault).toBe(whole.fault);
      // Byte by byte even the beginning of a stored block comes out.
      expect(pieces.text.startsWith(whole.text)).toBe(true);
      expect(pieces.text.length - whole.text.length).toBeLessThan(131_072);
      if (whole.fault !== undefined) faults++;
    }
    expect(faults).toBeGreaterThan(0);
  });

  it('leaves nothing behind in the decoder\'s memory, also when its consumer stops early', async () => {
    const stream = frame(noisyText(1_000_000));
    const consumeOne = async (): Promise<void> => {
      for await (const chunk of unzstd(chunksOf(stream, 65_536))) if (chunk.length > 0) return;
    };
    for (let i = 0; i < 5; i++) await consumeOne();
    const { memory } = await zstdModule();
    const before = memory.buffer.byteLength;
    for (let i = 0; i < 100; i++) await consumeOne();
    expect(memory.buffer.byteLength).toBe(before);
  });
});

describe('a zstd block of known size', () => {
  it('comes out whole or not at all', async () => {
    const decode = await zstdBlockDecoder();
    const content = noisyText(200_000);
    const block = frame(content);
    expect(Buffer.from(decode(block, content.length)).toString('latin1') === content).toBe(true);
    expect(decode(block, content.length + 5).length).toBe(content.length);
    expect(() => decode(block, content.length - 1)).toThrow(CorruptInput);
    expect(() => decode(block.subarray(0, -1), content.length)).toThrow(CorruptInput);
    expect(() => decode(Buffer.from('garbage instead of a frame'), 10)).toThrow('a zstd page cannot be decoded (unknown frame)');
  });
});

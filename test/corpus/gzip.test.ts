import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { CorruptInput } from '../../src/corpus/corrupt-input.js';
import { gunzip } from '../../src/corpus/gzip.js';
import { createRandom } from '../../src/math/random.js';
import { chunksOf } from './corpus-folder.js';

/** What comes out before the stream ends or faults, and the fault. */
async function outcome(compressed: Uint8Array, chunkBytes: number): Promise<{ text: string; fault: string | undefined }> {
  const parts: Buffer[] = [];
  let fault: string | undefined;
  try {
    for await (const chunk of gunzip(() => chunksOf(compressed, chunkBytes))) parts.push(chunk);
  } catch (error) {
    if (!(error instanceof CorruptInput)) throw error;
    fault = error.message;
  }
  return { text: Buffer.concat(parts).toString('latin1'), fault };
}

const first = 'first member\n'.repeat(100);
const second = 'second\n'.repeat(50);
const memberOne = gzipSync(first);
const members = Buffer.concat([memberOne, gzipSync(second)]);
const seam = memberOne.length;

describe('a gzip stream', () => {
  it.each([1, 2, 7, seam - 1, seam, seam + 1, 100_000])('of several members is read to the end (chunks of %i bytes)', async (chunkBytes) => {
    expect(await outcome(members, chunkBytes)).toEqual({ text: first + second, fault: undefined });
    expect(await outcome(Buffer.concat([members, gzipSync(''), members]), chunkBytes)).toEqual({ text: first + second + first + second, fault: undefined });
  });

  it('larger than its buffers comes out whole', async () => {
    const large = Buffer.alloc(3_000_000, 'abcdefg\n');
    const text = (await outcome(gzipSync(large), 64 * 1024)).text;
    expect(text === large.toString('latin1')).toBe(true);
  });

  it.each([1, seam, seam + 3, 100_000])('may be padded with zero bytes, and nothing else may follow (chunks of %i bytes)', async (chunkBytes) => {
    const zeros = Buffer.alloc(50);
    expect(await outcome(Buffer.concat([members, zeros]), chunkBytes)).toEqual({ text: first + second, fault: undefined });
    const { text, fault } = await outcome(Buffer.concat([memberOne, zeros, members]), chunkBytes);
    expect(text).toBe(first);
    expect(fault).toBe(`the file goes on after its gzip data, at byte ${seam + 50} of the compressed file`);
    expect(await outcome(Buffer.concat([memberOne, Buffer.from('garbage')]), chunkBytes)).toEqual({ text: first, fault: 'the gzip stream is corrupt (incorrect header check)' });
  });

  it('cut off anywhere gives what precedes the cut and a fault', async () => {
    const whole = first + second;
    let longest = 0;
    for (let end = 0; end < members.length; end++) {
      const { text, fault } = await outcome(members.subarray(0, end), 16);
      if (end === seam) {
        // Between two members nothing tells that there was a second one.
        expect(fault).toBeUndefined();
      } else {
        expect(fault, `cut at ${end}`).toBe('the gzip stream ends too early');
      }
      expect(whole.startsWith(text)).toBe(true);
      expect(text.length).toBeGreaterThanOrEqual(longest);
      longest = text.length;
    }
    expect(longest).toBe(whole.length);
  });

  it('with a flipped bit gives all that precedes the fault, whatever the size of the chunks', async () => {
    const random = createRandom('gzip faults');
    const content = Array.from({ length: 200 }, () => random.uint32().toString(36)).join('\n');
    const compressed = gzipSync(content);
    for (let round = 0; round < 12; round++) {
      const broken = Buffer.from(compressed);
      broken[random.between(100, compressed.length - 1)]! ^= 1 << random.below(8);
      const whole = await outcome(broken, 1_000_000);
      expect(whole.fault).toMatch(/corrupt|too early|goes on/);
      expect(await outcome(broken, 1)).toEqual(whole);
      expect(await outcome(broken, 500)).toEqual(whole);
    }
  });

  it('whose checksum is wrong still gives its text', async () => {
    const broken = Buffer.from(memberOne);
    broken[broken.length - 6]! ^= 1;
    expect(await outcome(broken, 100_000)).toEqual({ text: first, fault: 'the gzip stream is corrupt (incorrect data check)' });
  });
});

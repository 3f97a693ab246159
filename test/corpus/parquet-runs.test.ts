import { describe, expect, it } from 'vitest';
import { CorruptInput } from '../../src/corpus/corrupt-input.js';
import { decodeRuns } from '../../src/corpus/parquet-runs.js';
import { createRandom } from '../../src/math/random.js';

describe('run lengths and bit packing', () => {
  it('follow the example of the format: 0 to 7 in three bits each', () => {
    expect([...decodeRuns(Uint8Array.of(0b11, 0b10001000, 0b11000110, 0b11111010), 0, 3, 8)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect([...decodeRuns(Uint8Array.of(0xff, 10 << 1, 5), 1, 3, 10)]).toEqual(Array.from({ length: 10 }, () => 5));
  });

  it.each([1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 25, 31, 32])('decode what was encoded in %i bits', (bitWidth) => {
    const random = createRandom(`runs ${bitWidth}`);
    for (let round = 0; round < 20; round++) {
      const { bytes, values } = encode(random, bitWidth);
      expect([...decodeRuns(bytes, 0, bitWidth, values.length)]).toEqual(values);
    }
  });

  it('of no bits are zeros', () => {
    expect([...decodeRuns(new Uint8Array(0), 0, 0, 3)]).toEqual([0, 0, 0]);
  });

  it('never produce more than asked for, and never read past the end', () => {
    const forged = Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f, 1);
    expect([...decodeRuns(forged, 0, 1, 4)]).toEqual([1, 1, 1, 1]);
    for (const bytes of [[], [0x80], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [2], [0b11, 1], [0, 0, 0]]) {
      expect(() => decodeRuns(Uint8Array.from(bytes), 0, 8, 5)).toThrow(CorruptInput);
    }
    expect(() => decodeRuns(Uint8Array.of(2, 1), 0, 33, 1)).toThrow('a bit width of 33');
  });
});

/** Random runs of both kinds, written bit by bit. */
function encode(random: ReturnType<typeof createRandom>, bitWidth: number): { bytes: Uint8Array; values: number[] } {
  const bytes: number[] = [];
  const values: number[] = [];
  const value = (): number => (bitWidth === 32 ? random.uint32() : random.below(2 ** bitWidth));
  for (let run = random.between(1, 6); run > 0; run--) {
    if (random.chance(0.5)) {
      const count = random.between(1, 60);
      const repeated = value();
      bytes.push(count << 1);
      for (let i = 0; i < Math.ceil(bitWidth / 8); i++) bytes.push(Math.floor(repeated / 256 ** i) % 256);
      values.push(...Array.from({ length: count }, () => repeated));
    } else {
      const groups = random.between(1, 4);
      const packed = Array.from({ length: groups * 8 }, value);
      bytes.push((groups << 1) | 1);
      const bits = packed.flatMap((each) => Array.from({ length: bitWidth }, (_, bit) => Math.floor(each / 2 ** bit) % 2));
      for (let at = 0; at < bits.length; at += 8) bytes.push(bits.slice(at, at + 8).reduce((byte, bit, i) => byte + bit * 2 ** i, 0));
      values.push(...packed);
    }
  }
  return { bytes: Uint8Array.from(bytes), values };
}

import { describe, expect, it } from 'vitest';

import { narrowToBfloat16, narrowToFloat16, widenBfloat16, widenFloat16 } from '../../src/math/half-precision.js';
import { createRandom } from '../../src/math/random.js';

const every16 = Uint16Array.from({ length: 65_536 }, (_, bits) => bits);

/** The value of float16 bits, straight from the definition of the format. */
function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 1023) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

function bfloat16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 7) & 255;
  const fraction = (bits & 127) / 128;
  if (exponent === 255) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -126 : sign * (1 + fraction) * 2 ** (exponent - 127);
}

/** Any float32 but NaN and the infinities, all exponents alike. */
function anyFloat32(draws: number, seed: string): Float32Array {
  const random = createRandom(seed);
  const values = new Float32Array(draws);
  const bits = new Uint32Array(values.buffer);
  for (let at = 0; at < draws; at++) {
    do bits[at] = random.uint32();
    while (!Number.isFinite(values[at]!));
  }
  return values;
}

/** The bits of the finite value nearest to `value`, of two that are equally near the even one; undefined past the last one's upper half step. */
function nearest(value: number, valueOf: (bits: number) => number, infinityBits: number): number | undefined {
  const magnitude = Math.abs(value);
  let [low, high] = [0, infinityBits];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (valueOf(middle) <= magnitude) low = middle;
    else high = middle;
  }
  const below = valueOf(low);
  const step = low + 1 === infinityBits ? below - valueOf(low - 1) : valueOf(low + 1) - below;
  const rest = (magnitude - below) / step;
  const chosen = rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
  return chosen === infinityBits ? undefined : chosen | (Object.is(Math.sign(value), -1) || Object.is(value, -0) ? 0x8000 : 0);
}

describe.each([
  { format: 'float16', narrow: narrowToFloat16, widen: widenFloat16, valueOf: float16Value, infinityBits: 0x7c00 },
  { format: 'bfloat16', narrow: narrowToBfloat16, widen: widenBfloat16, valueOf: bfloat16Value, infinityBits: 0x7f80 },
])('$format', ({ narrow, widen, valueOf, infinityBits }) => {
  it('widens to the value its definition gives, for all 65,536 patterns', () => {
    const values = new Float32Array(every16.length);
    widen(every16, values);
    expect([...values]).toEqual(Array.from(every16, valueOf));
  });

  it('narrows back to the same pattern, infinities and zeros of both signs included', () => {
    const numbers = every16.filter((bits) => !Number.isNaN(valueOf(bits)));
    const values = new Float32Array(numbers.length);
    widen(numbers, values);
    const back = new Uint16Array(numbers.length);
    expect(narrow(values, back)).toBe(-1);
    expect(back).toEqual(numbers);
  });

  it('rounds to the nearest value and ties to the even one', () => {
    // Random values, and the exact middle of neighbouring patterns with the float32 on either side of it.
    const middles = Array.from({ length: 4000 }, (_, draw) => (draw * 8) % (infinityBits - 1)).map((bits) => (valueOf(bits) + valueOf(bits + 1)) / 2);
    const values = [3.4028234e38, ...anyFloat32(20_000, 'narrow'), ...middles.flatMap((middle) => [middle, -middle, middle * (1 + 2 ** -23), middle * (1 - 2 ** -23)])].map(Math.fround);
    let refused = 0;
    for (const value of values) {
      const bits = new Uint16Array(1);
      const overflow = narrow(Float32Array.of(value), bits);
      const expected = nearest(value, valueOf, infinityBits);
      if (overflow === 0) refused++;
      if (overflow === 0 ? expected !== undefined : bits[0] !== expected) throw new Error(`${value} became ${overflow === 0 ? 'an overflow' : bits[0]}, expected ${expected}`);
    }
    expect(refused).toBeGreaterThan(infinityBits === 0x7c00 ? 5000 : 0); // float16 holds less than half of the exponents of float32
  });

  it('names the first finite value that would become infinite', () => {
    const largest = valueOf(infinityBits - 1);
    const step = largest - valueOf(infinityBits - 2);
    const bits = new Uint16Array(3);
    expect(narrow(Float32Array.of(1, largest + step * 0.499, -largest), bits)).toBe(-1);
    expect(bits[1]).toBe(infinityBits - 1);
    expect(narrow(Float32Array.of(1, largest, -(largest + step / 2)), bits)).toBe(2);
  });

  it('keeps NaN a NaN', () => {
    const source = Float32Array.of(NaN, 0);
    new Uint32Array(source.buffer)[1] = 0x7f800001; // its set bit is among those that are cut
    const bits = new Uint16Array(2);
    expect(narrow(source, bits)).toBe(-1);
    expect(Array.from(bits, valueOf)).toEqual([NaN, NaN]);
  });

  it('reads a view that does not begin its buffer', () => {
    const whole = Float32Array.of(9, 9, 1.5, -2);
    const bits = new Uint16Array(2);
    narrow(whole.subarray(2), bits);
    const back = new Float32Array(4);
    widen(bits, back.subarray(2));
    expect([...back]).toEqual([0, 0, 1.5, -2]);
  });
});

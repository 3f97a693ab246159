/**
 * The 16-bit formats of checkpoints, as raw bits. Widening is exact; narrowing rounds to the nearest value, ties to even, as IEEE 754 asks.
 * float16: https://en.wikipedia.org/wiki/Half-precision_floating-point_format, bfloat16: the upper half of a float32.
 */

/** Bits of the smallest magnitude that no longer rounds to a finite value: 65,520 for float16, 2^128 - 2^119 for bfloat16. */
const FLOAT16_OVERFLOW = 0x477ff000;
const BFLOAT16_OVERFLOW = 0x7f7f8000;
const FLOAT32_INFINITY = 0x7f800000;
/** Bits of 2^-14, the smallest normal float16, and of one half. */
const FLOAT16_MIN_NORMAL = 0x38800000;
const ONE_HALF = 0x3f000000;

/** A float32 and its bits, in one place of memory. */
const scratch = new Float32Array(1);
const scratchBits = new Uint32Array(scratch.buffer);

/** Writes the float16 bits of `values` to `bits`. Returns the index of the first finite value that would become infinite, or -1. */
export function narrowToFloat16(values: Float32Array, bits: Uint16Array): number {
  const source = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let at = 0; at < source.length; at++) {
    const word = source[at]!;
    const magnitude = word & 0x7fffffff;
    const sign = (word >>> 16) & 0x8000;
    if (magnitude >= FLOAT16_OVERFLOW) {
      if (magnitude < FLOAT32_INFINITY) return at;
      bits[at] = sign | (magnitude === FLOAT32_INFINITY ? 0x7c00 : 0x7e00);
    } else if (magnitude >= FLOAT16_MIN_NORMAL) {
      bits[at] = sign | ((magnitude + 0xfff + ((magnitude >>> 13) & 1) - 0x38000000) >>> 13);
    } else {
      // Next to one half a float32 has steps of 2^-24, the unit of float16 below 2^-14: the addition does the rounding.
      scratch[0] = Math.abs(values[at]!) + 0.5;
      bits[at] = sign | (scratchBits[0]! - ONE_HALF);
    }
  }
  return -1;
}

/** Writes the bfloat16 bits of `values` to `bits`. Returns the index of the first finite value that would become infinite, or -1. */
export function narrowToBfloat16(values: Float32Array, bits: Uint16Array): number {
  const source = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let at = 0; at < source.length; at++) {
    const word = source[at]!;
    const magnitude = word & 0x7fffffff;
    if (magnitude > FLOAT32_INFINITY) bits[at] = (word >>> 16) | 0x40; // NaN stays NaN whichever of its bits are cut
    else if (magnitude >= BFLOAT16_OVERFLOW && magnitude < FLOAT32_INFINITY) return at;
    else bits[at] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return -1;
}

/** Writes the values of float16 `bits` to `values`. */
export function widenFloat16(bits: Uint16Array, values: Float32Array): void {
  const target = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let at = 0; at < bits.length; at++) {
    const half = bits[at]!;
    const magnitude = half & 0x7fff;
    if (magnitude < 0x400) values[at] = (half & 0x8000 ? -1 : 1) * magnitude * 2 ** -24;
    else target[at] = ((half & 0x8000) << 16) | (magnitude >= 0x7c00 ? FLOAT32_INFINITY | ((magnitude & 0x3ff) << 13) : (magnitude << 13) + 0x38000000);
  }
}

/** Writes the values of bfloat16 `bits` to `values`. */
export function widenBfloat16(bits: Uint16Array, values: Float32Array): void {
  const target = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let at = 0; at < bits.length; at++) target[at] = bits[at]! << 16;
}

/** 32 bits in three digits, highest first: [shift, mask]. */
export const DIGITS: readonly (readonly [shift: number, mask: number])[] = [[21, 0x7ff], [10, 0x7ff], [0, 0x3ff]];
/** Values a digit can take. */
export const DIGIT_VALUES = 0x800;

const SIGN = 0x80000000 | 0;

/**
 * A uint32 that orders like the float32 with these bits: equal for equal numbers (-0 and +0 included), larger for larger ones,
 * infinities at the ends. Not for NaN.
 */
export function orderKey(bits: number): number {
  return bits === SIGN ? 0x80000000 : (bits ^ ((bits >> 31) | SIGN)) >>> 0;
}

/** The float32 with this order key. */
export function valueOfKey(key: number): number {
  const bits = (key | 0) < 0 ? key ^ SIGN : ~key;
  return new Float32Array(Int32Array.of(bits).buffer)[0]!;
}

/** The bits of float32 values, as a view on the same memory. */
export function bitsOf(values: Float32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}

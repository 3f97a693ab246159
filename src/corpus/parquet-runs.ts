import { CorruptInput } from './corrupt-input.js';

/**
 * Decodes `count` small integers in Parquet's hybrid of run lengths and bit packing, from `start` on. Never produces more than `count`
 * values, whatever a forged run length says. Source: apache/parquet-format, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid".
 */
export function decodeRuns(bytes: Uint8Array, start: number, bitWidth: number, count: number): Uint32Array {
  const values = new Uint32Array(count);
  if (bitWidth === 0) return values;
  if (bitWidth > 32) throw new CorruptInput(`a bit width of ${bitWidth}`);
  const valueBytes = (bitWidth + 7) >>> 3;
  let at = start;
  let done = 0;
  while (done < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 28) throw new CorruptInput('a page ends inside its run lengths');
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if ((header & 1) === 0) {
      if (at + valueBytes > bytes.length) throw new CorruptInput('a page ends inside its run lengths');
      let value = 0;
      for (let i = 0; i < valueBytes; i++) value |= bytes[at++]! << (8 * i);
      const end = Math.min(count, done + (header >>> 1));
      values.fill(value >>> 0, done, end);
      done = end;
    } else {
      const groups = header >>> 1;
      const wanted = Math.min(count - done, groups * 8);
      if (at + Math.ceil((wanted * bitWidth) / 8) > bytes.length) throw new CorruptInput('a page ends inside its bit-packed values');
      unpack(bytes, at, bitWidth, values, done, wanted);
      at += groups * bitWidth;
      done += wanted;
    }
  }
  return values;
}

/** Little-endian bit packing: value i takes the bits [i * bitWidth, (i + 1) * bitWidth), the lowest bit of a byte first. */
function unpack(bytes: Uint8Array, start: number, bitWidth: number, values: Uint32Array, first: number, count: number): void {
  const mask = bitWidth === 32 ? -1 : 2 ** bitWidth - 1;
  for (let i = 0; i < count; i++) {
    const bit = i * bitWidth;
    let at = start + Math.floor(bit / 8);
    let bits = 8 - (bit & 7);
    let value = bytes[at]! >>> (bit & 7);
    // A value may touch five bytes: multiplied, not shifted, since shifts stop at 32 bits; the mask takes the low ones.
    for (let scale = 2 ** bits; bits < bitWidth; bits += 8, scale *= 256) value += bytes[++at]! * scale;
    values[first + i] = value & mask;
  }
}

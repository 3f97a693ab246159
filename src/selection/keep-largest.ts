import { bitsOf, DIGIT_VALUES, DIGITS, orderKey, valueOfKey } from './float-order.js';

/**
 * Sets mask[i] to 1 for the `count` largest of scores[start..end), to 0 for the others; of equal scores the lower index comes first.
 * Returns the lowest score kept, Infinity for a count of 0. No score may be NaN; count is at most end - start.
 * Linear in end - start: three passes narrow the bits of the count-th largest score down, then the mask is written.
 */
export function keepLargest(scores: Float32Array, start: number, end: number, count: number, mask: Uint8Array): number {
  if (count === 0) {
    mask.fill(0, start, end);
    return Infinity;
  }
  const keys = new Uint32Array(end - start);
  const bits = bitsOf(scores);
  for (let i = 0; i < keys.length; i++) keys[i] = orderKey(bits[start + i]!);

  const edge = edgeOf(keys, count);
  for (let i = 0; i < keys.length; i++) mask[start + i] = keys[i]! >= edge.key ? 1 : 0;
  for (let i = keys.length - 1, surplus = edge.surplus; surplus > 0; i--) {
    if (keys[i] !== edge.key) continue;
    mask[start + i] = 0;
    surplus--;
  }
  return valueOfKey(edge.key);
}

/** Sets mask[i] to 1 where scores[i] is at least `lowest`, to 0 elsewhere, over [start, end). Returns `lowest`. */
export function keepAtLeast(scores: Float32Array, start: number, end: number, lowest: number, mask: Uint8Array): number {
  for (let i = start; i < end; i++) mask[i] = scores[i]! >= lowest ? 1 : 0;
  return lowest;
}

/** The count-th largest key, and by how many the keys at least as large exceed `count`. */
function edgeOf(keys: Uint32Array, count: number): { readonly key: number; readonly surplus: number } {
  const histogram = new Uint32Array(DIGIT_VALUES);
  let prefix = 0;
  let prefixMask = 0;
  let wanted = count;
  let surplus = 0;
  for (const [shift, mask] of DIGITS) {
    histogram.fill(0);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i]!;
      if ((key & prefixMask) === prefix) histogram[(key >>> shift) & mask]!++;
    }
    let digit = mask;
    while (histogram[digit]! < wanted) wanted -= histogram[digit--]!;
    surplus = histogram[digit]! - wanted;
    prefix |= digit << shift;
    prefixMask |= mask << shift;
  }
  return { key: prefix >>> 0, surplus };
}

import { bitsOf, DIGIT_VALUES, DIGITS, orderKey } from './float-order.js';

/**
 * The place of each of scores[start..end) in descending order, 0 = largest; of equal scores the lower index comes first.
 * (end - start) entries. No score may be NaN. Linear: a stable radix sort, lowest digit first.
 */
export function ranksOf(scores: Float32Array, start: number, end: number): Uint32Array {
  const size = end - start;
  const bits = bitsOf(scores);
  const keys = new Uint32Array(size);
  let order = new Uint32Array(size);
  let sorted = new Uint32Array(size);
  for (let i = 0; i < size; i++) {
    keys[i] = orderKey(bits[start + i]!);
    order[i] = i;
  }

  const next = new Uint32Array(DIGIT_VALUES);
  for (const [shift, mask] of DIGITS.toReversed()) {
    next.fill(0);
    for (let i = 0; i < size; i++) next[(keys[i]! >>> shift) & mask]!++;
    for (let digit = mask, before = 0; digit >= 0; digit--) {
      const here = next[digit]!;
      next[digit] = before;
      before += here;
    }
    for (let i = 0; i < size; i++) {
      const at = order[i]!;
      sorted[next[(keys[at]! >>> shift) & mask]!++] = at;
    }
    [order, sorted] = [sorted, order];
  }
  const ranks = sorted;
  for (let rank = 0; rank < size; rank++) ranks[order[rank]!] = rank;
  return ranks;
}

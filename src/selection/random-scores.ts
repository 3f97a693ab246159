import { TouchstoneError } from '../errors.js';

/**
 * Fills `scores` with the numbers of the `random` score: scores[i] belongs to position firstPosition + i of the step. Multiples of
 * 2^-24 in [0, 1), exact in float32. A position's number depends on seed, step and position alone, all of them uint32:
 *
 *     scramble(x) = murmur3's 32-bit finalizer of (x + 0x9e3779b9) mod 2^32
 *     number      = (scramble(scramble(scramble(seed) xor step) xor position) >> 8) / 2^24
 *
 * Finalizer (Austin Appleby, public domain): h ^= h >> 16; h *= 0x85ebca6b; h ^= h >> 13; h *= 0xc2b2ae35; h ^= h >> 16.
 * A selection takes them as an input, so that a graph or another program draws the same tokens.
 */
export function randomScores(seed: number, step: number, scores: Float32Array, firstPosition = 0): void {
  const last = Math.max(firstPosition, firstPosition + scores.length - 1);
  for (const [name, value] of Object.entries({ seed, step, 'first position': firstPosition, 'last position': last })) {
    if (value >>> 0 === value) continue;
    throw new TouchstoneError('usage', `the ${name} of random scores must be a whole number from 0 to 2^32 - 1, got ${value}`);
  }
  const key = scramble(scramble(seed) ^ step);
  for (let i = 0; i < scores.length; i++) scores[i] = (scramble(key ^ (firstPosition + i)) >>> 8) / 2 ** 24;
}

function scramble(x: number): number {
  let h = (x + 0x9e3779b9) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A seeded stream of pseudo-random draws. The same seed gives the same draws on every machine and version; not for secrets. */
export interface Random {
  /** The next 32 bits, an integer in [0, 2^32). */
  uint32(): number;
  /** A number in [0, 1) with 32 random bits. */
  float(): number;
  /** An unbiased integer in [0, bound); bound is an integer in [1, 2^32]. */
  below(bound: number): number;
  /** An unbiased integer in [low, high], both ends included. */
  between(low: number, high: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T;
  /** A shuffled copy (Fisher-Yates). */
  shuffled<T>(list: readonly T[]): T[];
}

/**
 * A stream of draws for a seed: equal strings give equal streams, different strings unrelated ones, so `seed/17` can be drawn without
 * drawing 0 to 16 first. Generator: xoshiro128** (Blackman and Vigna, https://prng.di.unimi.it), its state filled from the seed.
 */
export function createRandom(seed: string): Random {
  return randomFromState(stateOf(seed));
}

/** The stream that starts at a given xoshiro128** state: four 32-bit words, not all zero. */
export function randomFromState(state: Uint32Array): Random {
  const uint32 = xoshiro128starstar(Uint32Array.from(state));

  const below = (bound: number): number => {
    // Draws past the last full multiple of the bound would favour small results: draw again.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let draw = uint32();
    while (draw >= limit) draw = uint32();
    return draw % bound;
  };

  const pick = <T>(list: readonly T[]): T => {
    if (list.length === 0) throw new RangeError('pick needs a list with at least one element, got an empty one');
    return list[below(list.length)] as T;
  };

  const shuffled = <T>(list: readonly T[]): T[] => {
    const copy = [...list];
    for (let last = copy.length - 1; last > 0; last--) {
      const other = below(last + 1);
      [copy[last], copy[other]] = [copy[other] as T, copy[last] as T];
    }
    return copy;
  };

  const float = (): number => uint32() / 2 ** 32;
  return {
    uint32,
    float,
    below,
    between: (low, high) => low + below(high - low + 1),
    chance: (probability) => float() < probability,
    pick,
    shuffled,
  };
}

function xoshiro128starstar(state: Uint32Array): () => number {
  let [a, b, c, d] = state as unknown as [number, number, number, number];
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Four words from a string: FNV-1a over its UTF-16 code units, then the finaliser of MurmurHash3 over a Weyl sequence from there. */
function stateOf(seed: string): Uint32Array {
  let hash = 0x811c9dc5;
  for (let at = 0; at < seed.length; at++) hash = Math.imul(hash ^ seed.charCodeAt(at), 0x01000193);
  return Uint32Array.from({ length: 4 }, (_, word) => {
    let mixed = (hash + Math.imul(word + 1, 0x9e3779b9)) >>> 0;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return mixed ^ (mixed >>> 16);
  });
}

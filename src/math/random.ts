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
 * The stream of draws of a seed: equal strings give equal streams, different strings unrelated ones, so the stream of `seed/17` can be
 * had without drawing those of 0 to 16 first. Generator: Bob Jenkins' small PRNG with its 20 rounds of warming up
 * (https://burtleburtle.net/bob/rand/smallprng.html); the seed's UTF-16 code units are taken in one a round, over all 128 bits of state.
 */
export function createRandom(seed: string): Random {
  const uint32 = jenkinsSmall(seed);

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

function jenkinsSmall(seed: string): () => number {
  let a = 0xf1ea5eed;
  let [b, c, d] = [0, 0, 0];

  const round = (): number => {
    const e = (a - rotateLeft(b, 27)) | 0;
    a = b ^ rotateLeft(c, 17);
    b = (c + d) | 0;
    c = (d + e) | 0;
    d = (e + a) | 0;
    return d >>> 0;
  };

  for (let at = 0; at < seed.length; at++) {
    d ^= seed.charCodeAt(at);
    round();
  }
  for (let warming = 0; warming < 20; warming++) round();
  return round;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

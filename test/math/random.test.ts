import { describe, expect, test } from 'vitest';
import { createRandom } from '../../src/math/random.js';

const M32 = (1n << 32n) - 1n;

/** The generator as its author's C reads, in arbitrary-precision integers, with a seed that is taken in unit by unit. */
function referenceDraws(seed: string, draws: number): number[] {
  const rot = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & M32;
  const x = { a: 0xf1ea5eedn, b: 0n, c: 0n, d: 0n };
  const ranval = (): bigint => {
    const e = (x.a - rot(x.b, 27n)) & M32;
    x.a = x.b ^ rot(x.c, 17n);
    x.b = (x.c + x.d) & M32;
    x.c = (x.d + e) & M32;
    x.d = (e + x.a) & M32;
    return x.d;
  };
  for (const unit of seed) {
    x.d ^= BigInt(unit.charCodeAt(0));
    ranval();
  }
  for (let i = 0; i < 20; i++) ranval();
  return Array.from({ length: draws }, () => Number(ranval()));
}

describe('createRandom', () => {
  test("draws are those of Jenkins' small generator", () => {
    for (const seed of ['', 'a', 'corpus/17']) {
      const random = createRandom(seed);
      expect(Array.from({ length: 1000 }, () => random.uint32())).toEqual(referenceDraws(seed, 1000));
    }
  });

  test('equal seeds give equal streams and different seeds different ones', () => {
    const draws = (seed: string): number[] => {
      const random = createRandom(seed);
      return Array.from({ length: 4 }, () => random.uint32());
    };
    expect(draws('corpus/17')).toEqual(draws('corpus/17'));
    const firsts = new Set(Array.from({ length: 2000 }, (_, index) => draws(`corpus/${index}`).join()));
    expect(firsts.size).toBe(2000);
  });

  test('a stream never changes between versions', () => {
    const random = createRandom('touchstone');
    expect([random.uint32(), random.uint32(), random.below(1000), random.between(-3, 3)]).toMatchInlineSnapshot(`
      [
        958437848,
        2354490673,
        270,
        0,
      ]
    `);
  });

  test('below and between are uniform over their range, both ends included', () => {
    const random = createRandom('uniform');
    const seen = new Map<number, number>();
    for (let draw = 0; draw < 70_000; draw++) {
      const value = random.between(-3, 3);
      seen.set(value, (seen.get(value) ?? 0) + 1);
    }
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
    // 6 degrees of freedom: chi-square stays below 22.5 in 999 of 1000 streams.
    const chiSquare = [...seen.values()].reduce((sum, n) => sum + (n - 10_000) ** 2 / 10_000, 0);
    expect(chiSquare).toBeLessThan(22.5);
    expect(random.below(1)).toBe(0);
    expect(random.below(2 ** 32)).toBeGreaterThanOrEqual(0);
  });

  test('bounds that do not divide 2^32 leave no small result favoured', () => {
    const random = createRandom('rejection');
    const bound = 3 * 2 ** 30;
    let low = 0;
    for (let draw = 0; draw < 30_000; draw++) if (random.below(bound) < 2 ** 30) low++;
    // A plain remainder would put half of the draws into the lowest third.
    expect(low / 30_000).toBeCloseTo(1 / 3, 1);
  });

  test('chance and float follow their probability', () => {
    const random = createRandom('chance');
    let hits = 0;
    for (let draw = 0; draw < 20_000; draw++) {
      if (random.chance(0.3)) hits++;
      const float = random.float();
      if (float < 0 || float >= 1) throw new Error(`float out of [0, 1): ${float}`);
    }
    expect(Math.abs(hits / 20_000 - 0.3)).toBeLessThan(0.015);
    expect(random.chance(0)).toBe(false);
    expect(random.chance(1)).toBe(true);
  });

  test('shuffled keeps every element, leaves the list alone and reaches every order', () => {
    const random = createRandom('shuffle');
    const list = ['a', 'b', 'c'];
    const orders = new Set(Array.from({ length: 300 }, () => random.shuffled(list).join('')));
    expect([...orders].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    expect(list).toEqual(['a', 'b', 'c']);
  });

  test('picking from an empty list is an error', () => {
    expect(() => createRandom('x').pick([])).toThrow('at least one element');
  });
});

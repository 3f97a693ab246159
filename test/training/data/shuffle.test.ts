import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/math/random.js';
import { shuffledGroups, shuffledRows } from '../../../src/training/data/shuffle.js';

const random = createRandom('groups');
const TOKENS = Array.from({ length: 200 }, () => random.below(1000));

describe('the order of row groups', () => {
  it.each([0, 1, 7])('holds every row group exactly once in epoch %i', (epoch) => {
    const order = shuffledGroups(TOKENS, 3000, 'seed', epoch).flat();
    expect(order.toSorted((a, b) => a - b)).toEqual([...TOKENS.keys()]);
    expect(order).not.toEqual([...TOKENS.keys()]);
  });

  it('is another one for every epoch and every seed, and the same for the same', () => {
    const orders = [
      ['seed', 0],
      ['seed', 1],
      ['other', 0],
    ].map(([seed, epoch]) => JSON.stringify(shuffledGroups(TOKENS, 3000, seed as string, epoch as number)));
    expect(new Set(orders).size).toBe(3);
    expect(JSON.stringify(shuffledGroups(TOKENS, 3000, 'seed', 1))).toBe(orders[1]);
  });

  it('is the same on every machine', () => {
    expect(shuffledGroups([10, 10, 10, 10, 10, 10], 20, 'seed', 3)).toMatchInlineSnapshot(`
      [
        [
          2,
          0,
        ],
        [
          3,
          4,
        ],
        [
          1,
          5,
        ],
      ]
    `);
    expect([...shuffledRows(8, 'seed', 3, 0)]).toMatchInlineSnapshot(`
      [
        3,
        0,
        2,
        6,
        7,
        1,
        4,
        5,
      ]
    `);
  });

  it('has windows of at most the tokens allowed, one group at least, and no smaller than they must be', () => {
    const windows = shuffledGroups(TOKENS, 1500, 'seed', 0);
    const sizes = windows.map((groups) => groups.reduce((sum, group) => sum + TOKENS[group]!, 0));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1500);
    sizes.slice(1).forEach((_, i) => { expect(sizes[i]! + TOKENS[windows[i + 1]![0]!]!).toBeGreaterThan(1500); });
    expect(shuffledGroups([500, 500], 100, null, 0)).toEqual([[0], [1]]);
  });

  it('is that of the set in every epoch where nothing is to be shuffled', () => {
    expect(shuffledGroups([4, 4, 4, 4, 4], 8, null, 5)).toEqual([[0, 1], [2, 3], [4]]);
    expect([...shuffledRows(4, null, 5, 1)]).toEqual([0, 1, 2, 3]);
  });
});

describe('the order of rows in a window', () => {
  it('holds every row exactly once and differs from window to window and epoch to epoch', () => {
    const orders = [shuffledRows(500, 's', 0, 0), shuffledRows(500, 's', 0, 1), shuffledRows(500, 's', 1, 0), shuffledRows(500, 't', 0, 0)];
    for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual([...orders[0]!.keys()]);
    expect(new Set(orders.map(String)).size).toBe(4);
    expect([...shuffledRows(0, 's', 0, 0)]).toEqual([]);
  });

  it('gives every row every place equally often', () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 6000; epoch++) {
      const order = shuffledRows(3, 's', epoch, 0).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    // Six orders, 1000 each expected: five standard deviations are 145.
    expect(counts.size).toBe(6);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(145);
  });
});

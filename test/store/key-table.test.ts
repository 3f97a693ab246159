import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { readHashKey } from '../../src/store/hash-key.js';
import { KeyTable } from '../../src/store/key-table.js';

describe('a table of keys', () => {
  it('numbers different keys in the order they come, and finds each under its number', () => {
    const random = createRandom('keys');
    const table = new KeyTable(2, 5000);
    const numbers = new Map<string, number>();
    for (let added = 0; added < 20_000 && numbers.size < 5000; added++) {
      // Few first words and few second ones: many keys that share one, and many that come again.
      const key = Uint32Array.of(random.below(300) * 0x01000000, random.below(40));
      const name = key.join();
      const expected = numbers.get(name) ?? numbers.size;
      expect(table.find(key)).toBe(numbers.get(name) ?? -1);
      expect(table.add(key)).toBe(expected);
      numbers.set(name, expected);
    }
    expect(table.size).toBe(numbers.size);
    expect(numbers.size).toBe(5000); // filled to the last
    for (const [name, number] of numbers) expect(table.find(Uint32Array.from(name.split(','), Number))).toBe(number);
    expect(table.find(Uint32Array.of(7, 7))).toBe(-1);
  });

  it('can be empty', () => {
    expect(new KeyTable(4, 0).find(Uint32Array.of(1, 2, 3, 4))).toBe(-1);
  });
});

describe('the key of a hash', () => {
  it('is its leading words', () => {
    const hash = '0123456789abcdeffedcba9876543210'.repeat(2);
    expect([...readHashKey(hash, new Uint32Array(4))]).toEqual([0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210]);
    expect([...readHashKey('f'.repeat(64), new Uint32Array(2))]).toEqual([0xffffffff, 0xffffffff]);
  });
});

import { describe, expect, it } from 'vitest';
import { KeyTable, hashKey, textKey } from '../../src/audit/key-table.js';
import { createRandom } from '../../src/math/random.js';
import { sha256Of } from '../../src/run/file-hash.js';

describe('a key table', () => {
  it('gives entries back under their key, each once, in the order they were added', () => {
    const random = createRandom('keys');
    const keys = Array.from({ length: 20_000 }, () => random.below(6000) * 2 ** 20 + 0x7fff_fff0);
    const table = new KeyTable();
    const expected = new Map<number, number[]>();
    expect(keys.map((key) => table.add(key))).toEqual([...keys.keys()]);
    for (const [number, key] of keys.entries()) expected.set(key, [...(expected.get(key) ?? []), number]);
    const taken = [...expected.keys()].map((key) => [...expected.get(key)!.map(() => table.take(key)), table.take(key)]);
    expect(taken).toEqual([...expected.values()].map((numbers) => [...numbers, -1]));
    expect([table.size, table.take(1)]).toEqual([20_000, -1]);
  });

  it('holds a text that occurs a million times, and gives it back in order', () => {
    const table = new KeyTable();
    const count = 1_000_000;
    for (let added = 0; added < count; added++) table.add(added % 1000 === 0 ? added : 7);
    const taken: number[] = [];
    for (let entry = table.take(7); entry >= 0; entry = table.take(7)) taken.push(entry);
    expect(taken.length).toBe(count - count / 1000);
    expect(taken.every((entry, at) => at === 0 || entry > taken[at - 1]!)).toBe(true);
    expect([table.take(0), table.take(999_000), table.take(0)]).toEqual([0, 999_000, -1]);
  });

  it('adds behind what is left of a key, also while it grows', () => {
    const table = new KeyTable();
    for (let entry = 0; entry < 4; entry++) table.add(entry % 2);
    expect([table.take(0), table.take(0), table.take(0), table.take(1)]).toEqual([0, 2, -1, 1]);
    for (let other = 0; other < 5000; other++) table.add(100 + other);
    expect([table.take(0), table.add(0), table.add(1)]).toEqual([-1, 5004, 5005]);
    expect([table.take(0), table.take(0), table.take(1), table.take(1), table.take(1)]).toEqual([5004, -1, 3, 5005, -1]);
  });

  it('tells hashes and texts apart', () => {
    expect(hashKey('fffffffffffff0'.padEnd(64, '0'))).toBe(2 ** 52 - 1);
    const texts = Array.from({ length: 50_000 }, (_, i) => `doc-${i}`);
    expect(new Set(texts.map(textKey)).size).toBe(texts.length);
    expect(new Set(texts.map((text) => hashKey(sha256Of(text)))).size).toBe(texts.length);
    expect(texts.every((text) => Number.isSafeInteger(textKey(text)) && textKey(text) >= 0 && textKey(text) < 2 ** 52)).toBe(true);
  });
});

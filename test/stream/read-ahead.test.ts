import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readAhead } from '../../src/stream/read-ahead.js';

interface Source {
  pulled: number;
  closed: boolean;
}

async function* count(to: number, source: Source, failAt = Infinity): AsyncGenerator<number> {
  try {
    for (let n = 0; n < to; n++) {
      if (n === failAt) throw new Error(`item ${n} failed`);
      source.pulled++;
      yield await Promise.resolve(n);
    }
  } finally {
    source.closed = true;
  }
}

const begun = (): Source => ({ pulled: 0, closed: false });

/** Lets everything happen that waits for nothing but other promises. */
async function settle(): Promise<void> {
  for (let at = 0; at < 50; at++) await turn();
}

describe('readAhead', () => {
  it('gives every item in order, whoever is the slower one', async () => {
    for (const slow of [true, false]) {
      const source = begun();
      const found: number[] = [];
      for await (const n of readAhead(count(100, source), 7, () => 1)) {
        found.push(n);
        if (slow) await turn();
      }
      expect(found).toEqual(Array.from({ length: 100 }, (_, n) => n));
      expect(source.closed).toBe(true);
    }
  });

  it('reads on while the consumer is busy, until those that wait fill the room', async () => {
    const source = begun();
    let taken = 0;
    for await (const n of readAhead(count(30, source), 12, () => 3)) {
      expect(n).toBe(taken++);
      await settle();
      expect(source.pulled).toBe(Math.min(30, taken + 4));
    }
    expect(taken).toBe(30);
  });

  it('lets one item be larger than the room', async () => {
    const source = begun();
    const found: number[] = [];
    for await (const n of readAhead(count(3, source), 1, () => 1000)) found.push(n);
    expect(found).toEqual([0, 1, 2]);
  });

  it('throws the error of the source behind the items before it', async () => {
    const source = begun();
    const found: number[] = [];
    const loop = async (): Promise<void> => {
      for await (const n of readAhead(count(10, source, 4), 100, () => 1)) {
        await settle();
        found.push(n);
      }
    };
    await expect(loop()).rejects.toThrow('item 4 failed');
    expect(found).toEqual([0, 1, 2, 3]);
    expect(source.closed).toBe(true);
  });

  it('closes the source when the consumer leaves, and reads no further', async () => {
    const source = begun();
    for await (const n of readAhead(count(1000, source), 5, () => 1)) {
      expect(n).toBe(0);
      break;
    }
    const { pulled, closed } = source;
    expect(closed).toBe(true);
    await settle();
    expect(source.pulled).toBe(pulled);
    expect(pulled).toBeLessThanOrEqual(7);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mapOrdered } from '../../src/stream/map-ordered.js';

async function* count(to: number, onReturn: () => void = () => undefined, onPull: (n: number) => void = () => undefined): AsyncGenerator<number> {
  try {
    for (let n = 0; n < to; n++) {
      onPull(n);
      yield await Promise.resolve(n);
    }
  } finally {
    onReturn();
  }
}

describe('mapOrdered', () => {
  it('yields in order however the work finishes', async () => {
    const results: number[] = [];
    for await (const result of mapOrdered(count(20), 4, async (n) => { await sleep((n * 7) % 5); return n * n; })) results.push(result);
    expect(results).toEqual(Array.from({ length: 20 }, (_, n) => n * n));
  });

  it('never has more than `concurrency` items under way, and does not run ahead of a slow consumer', async () => {
    let running = 0;
    let most = 0;
    let pulled = 0;
    let taken = 0;
    for await (const n of mapOrdered(count(12, undefined, () => pulled++), 3, async (n) => { most = Math.max(most, ++running); await sleep(1); running--; return n; })) {
      expect(n).toBe(taken++);
      await sleep(5);
      expect(pulled - taken).toBeLessThanOrEqual(3);
    }
    expect(most).toBe(3);
  });

  it('waits for the work it began and closes the source when one item fails', async () => {
    let closed = false;
    let finished = 0;
    const loop = async (): Promise<void> => {
      for await (const result of mapOrdered(count(10, () => { closed = true; }), 3, async (n) => {
        await sleep(n === 1 ? 1 : 10);
        if (n === 1) throw new Error('item 1 failed');
        finished++;
        return n;
      })) expect(result).toBe(0);
    };
    await expect(loop()).rejects.toThrow('item 1 failed');
    expect(closed).toBe(true);
    expect(finished).toBe(3); // items 0, 2 and 3
  });

  it('throws why an item failed, also where closing the source fails after it', async () => {
    const closing = (): void => { throw new Error('closing failed'); };
    const loop = async (work: (n: number) => Promise<number>): Promise<void> => {
      for await (const result of mapOrdered(count(10, closing), 3, work)) {
        expect(result).toBe(0);
        break;
      }
    };
    await expect(loop(() => Promise.reject(new Error('item failed')))).rejects.toThrow('item failed');
    await expect(loop((n) => Promise.resolve(n))).rejects.toThrow('closing failed');
  });

  it('closes the source when the consumer leaves', async () => {
    let closed = false;
    for await (const result of mapOrdered(count(10, () => { closed = true; }), 3, (n) => Promise.resolve(n))) {
      expect(result).toBe(0);
      break;
    }
    expect(closed).toBe(true);
  });
});

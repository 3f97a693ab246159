import { describe, expect, it } from 'vitest';
import { Queue } from '../../src/stream/queue.js';

describe('Queue', () => {
  it('gives items in the order they came, however pushes and shifts alternate', () => {
    const queue = new Queue<number>();
    const found: number[] = [];
    for (let n = 0; n < 20_000; n++) {
      queue.push(n);
      if (n % 3 !== 0) found.push(queue.shift());
    }
    expect(queue.size).toBe(20_000 - found.length);
    while (queue.size > 0) found.push(queue.shift());
    expect(found).toEqual(Array.from({ length: 20_000 }, (_, n) => n));
  });

  it('takes hundreds of thousands of items that wait in well under a second', () => {
    const queue = new Queue<number>();
    for (let n = 0; n < 400_000; n++) queue.push(n);
    const started = performance.now();
    let sum = 0;
    while (queue.size > 0) sum += queue.shift();
    expect(sum).toBe((400_000 * 399_999) / 2);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

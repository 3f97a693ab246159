import { describe, expect, it } from 'vitest';
import { runInTurn } from '../../src/scoring/session-turns.js';
import type { Tensors } from '../../src/runtime/protocol.js';
import { makeBatch, type Batch } from '../../src/windows/batch.js';

/** Batches that can be told apart by their length. */
const batchOf = (length: number): Batch => makeBatch([], { sequences: 1, length, chunks: 1, chunkRows: 1 });

/** A pool of two sessions whose runs end when they are told to. */
function heldPool(): { readonly pool: { readonly concurrency: number; run(feeds: Tensors): Promise<Tensors> }; readonly begun: number[]; readonly end: (length: number) => Promise<void> } {
  const begun: number[] = [];
  const ends = new Map<number, () => void>();
  const losses: Tensors = { loss: { dtype: 'float32', dims: [1], data: new Float32Array(1) } };
  return {
    pool: {
      concurrency: 2,
      run: (feeds) => new Promise((resolve) => {
        const length = feeds['input_ids']!.dims[1]!;
        begun.push(length);
        ends.set(length, () => { resolve(losses); });
      }),
    },
    begun,
    async end(length) {
      ends.get(length)!();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe('batches that share sessions', () => {
  it('go in the order they came, no more at once than there are sessions', async () => {
    const { pool, begun, end } = heldPool();
    const { signal } = new AbortController();
    const running = [1, 2, 3, 4, 5].map((length) => runInTurn(pool, batchOf(length), signal));
    expect(begun).toEqual([1, 2]);
    await end(2);
    expect(begun).toEqual([1, 2, 3]);
    await end(1);
    await end(3);
    expect(begun).toEqual([1, 2, 3, 4, 5]);
    await end(4);
    await end(5);
    expect((await Promise.all(running)).map(({ batch }) => batch.length)).toEqual([1, 2, 3, 4, 5]);
    const last = runInTurn(pool, batchOf(6), signal);
    expect(begun).toContain(6);
    await end(6);
    await last;
  });

  it('end with those that run once the signal is aborted: those that wait are never begun', async () => {
    const { pool, begun, end } = heldPool();
    const controller = new AbortController();
    const running = [1, 2, 3, 4].map((length) => runInTurn(pool, batchOf(length), controller.signal));
    const outcomes = Promise.allSettled(running);
    controller.abort(new Error('enough'));
    await end(1);
    await end(2);
    expect((await outcomes).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(begun).toEqual([1, 2]);
  });

  it('give their turn on where one fails', async () => {
    const failing = { concurrency: 1, run: (): Promise<Tensors> => Promise.reject(new Error('a bad batch')) };
    const { signal } = new AbortController();
    const outcomes = await Promise.allSettled([1, 2, 3].map((length) => runInTurn(failing, batchOf(length), signal)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });
});

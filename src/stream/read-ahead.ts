import { Queue } from './queue.js';

/**
 * The items of a stream, read ahead of whoever takes them for as long as those that wait are smaller than `room` together, so that a source that works in bursts and a
 * consumer that does need not wait for each other. Order stays. An error of the source is thrown behind the items it came after; when the consumer leaves, the
 * source is closed once the item it is at has come.
 *
 * @param sizeOf what an item takes of the room; above 0
 */
export async function* readAhead<A>(source: AsyncIterable<A>, room: number, sizeOf: (item: A) => number): AsyncGenerator<A, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const waiting = new Queue<A>();
  const consumer = { left: false };
  const reader: { ended: boolean; failure: { readonly error: unknown } | null } = { ended: false, failure: null };
  let size = 0;
  /** Wakes the side that waits for the other; they never wait at once, since one does at no items and the other at many. */
  let wake = (): void => undefined;
  const change = (): Promise<void> => new Promise((resolve) => (wake = resolve));

  const reading = (async () => {
    try {
      while (!consumer.left) {
        if (size >= room) {
          await change();
          continue;
        }
        const next = await iterator.next();
        if (next.done === true) break;
        waiting.push(next.value);
        size += sizeOf(next.value);
        wake();
      }
    } catch (error) {
      reader.failure = { error };
    }
    reader.ended = true;
    wake();
  })();

  try {
    for (;;) {
      if (waiting.size > 0) {
        const item = waiting.shift();
        size -= sizeOf(item);
        wake();
        yield item;
      } else if (!reader.ended) {
        await change();
      } else if (reader.failure === null) {
        return;
      } else {
        throw reader.failure.error;
      }
    }
  } finally {
    consumer.left = true;
    wake();
    await reading;
    await iterator.return?.();
  }
}

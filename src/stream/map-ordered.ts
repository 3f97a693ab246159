/**
 * Applies `work` to the items of a stream, up to `concurrency` at once, and yields the results in the items' order.
 * At most `concurrency` items are in flight or waiting to be taken, so a slow consumer stops the source. On the first failure,
 * or when the consumer leaves, the source is closed; work already started is waited for and its outcome dropped, so nothing
 * runs on after the loop has ended. An error of closing is thrown only where nothing failed before.
 */
export async function* mapOrdered<A, B>(source: AsyncIterable<A>, concurrency: number, work: (item: A) => Promise<B>): AsyncGenerator<B, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const started: Promise<B>[] = [];
  let exhausted = false;
  let failed = false;
  try {
    for (;;) {
      while (!exhausted && started.length < concurrency) {
        const next = await iterator.next();
        if (next.done === true) {
          exhausted = true;
        } else {
          const running = work(next.value);
          running.catch(() => undefined); // observed below, in order
          started.push(running);
        }
      }
      const first = started.shift();
      if (first === undefined) return;
      yield await first;
    }
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    await Promise.allSettled(started);
    const closing = iterator.return?.();
    // An error from here would take the place of the failure.
    await (failed ? closing?.catch(() => undefined) : closing);
  }
}

/**
 * What `work` returns, once every one of `closes` is over. They are called when the work has ended, however it did, each whatever becomes of the others. Throws the
 * error of the work; where there is none, the first error of closing: what goes wrong while cleaning up never hides why.
 */
export async function closeAfter<T>(work: () => Promise<T>, ...closes: readonly (() => Promise<unknown>)[]): Promise<T> {
  const outcome = await settled(work);
  const closed = await Promise.all(closes.map(settled));
  const failed = [outcome, ...closed].find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
  return (outcome as PromiseFulfilledResult<T>).value;
}

/** A call that throws at once counts as one that rejects. */
async function settled<T>(call: () => Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([(async () => call())()]);
  return result;
}

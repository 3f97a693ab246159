import { encodeModel } from '../graph/encode.js';
import { integerProductsProbe } from '../graph/integer-products-probe.js';
import type { Int8Options } from '../graph/layers/int8-matrices.js';
import { openSessionPool } from '../runtime/session-pool.js';

let found: Promise<Int8Options['weights']> | undefined;

/** The fastest form of int8 weights that this machine computes exactly; it is asked once, by a tiny graph. */
export function int8Weights(): Promise<Int8Options['weights']> {
  return (found ??= probe());
}

async function probe(): Promise<Int8Options['weights']> {
  const { graph, feeds, exact } = integerProductsProbe();
  const sessions = await openSessionPool([{ device: { kind: 'cpu' }, model: encodeModel(graph), weightsFolder: null, threads: 1, spin: false }]);
  try {
    return exact((await sessions.run(feeds))['product']!.data as Float32Array) ? 'signed' : 'unsigned';
  } finally {
    await sessions.close();
  }
}

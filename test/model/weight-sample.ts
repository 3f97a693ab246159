import type { FloatTensor } from '../../src/model/float-tensor.js';
import type { ByteSink } from '../../src/stream/byte-sink.js';

/** A sink that keeps a copy of every chunk, as its contract says a chunk may be reused. */
export function collector(): { readonly sink: ByteSink; readonly bytes: () => Buffer; readonly chunks: Buffer[] } {
  const chunks: Buffer[] = [];
  return {
    chunks,
    sink: (chunk) => {
      chunks.push(Buffer.from(chunk));
      return Promise.resolve();
    },
    bytes: () => Buffer.concat(chunks),
  };
}

export function tensor(name: string, shape: readonly number[], ...values: readonly number[]): FloatTensor {
  return { name, shape, data: Float32Array.from(values) };
}

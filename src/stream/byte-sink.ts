/** Where bytes are appended, in order. The chunk may be reused by the caller once the promise resolves. */
export type ByteSink = (chunk: Uint8Array) => Promise<void>;

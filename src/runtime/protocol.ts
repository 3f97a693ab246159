import type { Device } from '../records.js';

/** What crosses the thread boundary between a session pool and its workers. */

export type TensorElement = 'float32' | 'int32' | 'int64' | 'bool';

export interface TensorData {
  readonly dtype: TensorElement;
  readonly dims: readonly number[];
  /** Row-major. bool: one byte an element. */
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

export type Tensors = Readonly<Record<string, TensorData>>;

/** What a worker needs to make its session. */
export interface SessionSpec {
  readonly device: Device;
  /** An ONNX ModelProto, or the path of one. */
  readonly model: Uint8Array | string;
  /** Folder from which external weight locations of an in-memory model are read; null where the model has none. */
  readonly weightsFolder: string | null;
  /** Threads inside an operator. */
  readonly threads: number;
  /** Whether threads with nothing to do busy-wait: faster where one session has the machine for itself, harmful otherwise. */
  readonly spin: boolean;
  /** Whether the runtime notes where it computes each node, until `placement` asks. Default false: it costs some microseconds a node. */
  readonly profiled?: boolean;
}

export interface SessionInfo {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly loadSeconds: number;
}

/** `open` makes the session (and answers SessionInfo), `run` answers Tensors, `placement` answers PlacedOperator[], `close` frees it. */
export type SessionTask = { readonly kind: 'open' } | { readonly kind: 'run'; readonly feeds: Tensors } | { readonly kind: 'placement' } | { readonly kind: 'close' };

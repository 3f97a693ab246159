import type { Device } from '../records.js';
import type { TensorData, Tensors } from './protocol.js';

/** Graphs that share one set of tensors: parameters, moments, gradients. */
export interface StatefulSpec {
  /** By name, ONNX ModelProtos. An input whose name is in the state is fed from it; an output `NAME/next` replaces the state's NAME. */
  readonly graphs: Readonly<Record<string, Uint8Array>>;
  readonly device: Device;
  readonly threads: number;
}

export type State = Readonly<Record<string, TensorData>>;

export type StatefulTask =
  | { readonly kind: 'open'; readonly state: State }
  | { readonly kind: 'run'; readonly graph: string; readonly feeds: Tensors }
  /** Copies of the named tensors. */
  | { readonly kind: 'read'; readonly names: readonly string[] }
  | { readonly kind: 'close' };

/**
 * An ONNX graph as data. Values know their element type and shape, so every op is checked where it is called;
 * a dimension is a number or the name of one that is only known when the graph runs ("B", "T", "B*T").
 * Spec: https://onnx.ai/onnx/repo-docs/IR.html
 */
export type DataType = 'float32' | 'float16' | 'bfloat16' | 'int32' | 'int64' | 'int8' | 'uint8' | 'bool';

export type Dim = number | string;

export interface Value {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly Dim[];
}

export type Attribute =
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'graph'; readonly value: Graph }
  /** An AttributeProto as another program encoded it, its name included; the key it stands under is not written. */
  | { readonly kind: 'encoded'; readonly value: Uint8Array };

export type Attributes = Readonly<Record<string, Attribute>>;

/** '' is the ONNX standard's own operator set; 'com.microsoft' holds onnxruntime's fused operators. */
export type Domain = '' | 'com.microsoft';

export interface Node {
  readonly op: string;
  readonly domain: Domain;
  /** null = an optional input left out. */
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

/** A constant of the graph: its little-endian bytes, or a byte range of a file next to the graph. */
export interface Initializer {
  readonly value: Value;
  readonly data:
    | { readonly kind: 'inline'; readonly bytes: Uint8Array }
    | { readonly kind: 'external'; readonly location: string; readonly byteOffset: number; readonly byteLength: number };
}

export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly initializers: readonly Initializer[];
  /** In execution order: a node comes after the nodes that produce its inputs. */
  readonly nodes: readonly Node[];
}

export const int = (value: number): Attribute => ({ kind: 'int', value });
export const float = (value: number): Attribute => ({ kind: 'float', value });
export const ints = (value: readonly number[]): Attribute => ({ kind: 'ints', value });
export const text = (value: string): Attribute => ({ kind: 'string', value });
export const graphAttribute = (value: Graph): Attribute => ({ kind: 'graph', value });

/** "float32[B*T, 768]" — how values are written in error messages. */
export function describe(value: Value): string {
  return `${value.name}: ${value.dtype}[${value.shape.join(', ')}]`;
}

export function sameShape(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

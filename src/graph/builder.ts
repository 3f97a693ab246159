import { TouchstoneError } from '../errors.js';
import type { WeightRef } from '../records.js';
import type { Attributes, DataType, Dim, Domain, Graph, Initializer, Node, Value } from './ir.js';

interface NodeOptions {
  readonly attributes?: Attributes;
  readonly domain?: Domain;
  /** Start of the output names; the operator's name where absent. */
  readonly name?: string;
}

/** Stands for an optional output that a node does not have; a nameless value, which nothing may read. */
const LEFT_OUT: Value = { name: '', dtype: 'float32', shape: [] };

/** Element types a constant in the graph itself may have. */
type ConstantType = 'float32' | 'int32' | 'int64' | 'int8' | 'uint8';

const WEIGHT_TYPES: Readonly<Record<WeightRef['dtype'], DataType>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/**
 * A graph under construction. Names are unique over a builder and the builders of its subgraphs and depend on nothing but
 * the calls made, so the same calls give the same bytes. A subgraph may use any value of the graph around it.
 */
export class GraphBuilder {
  readonly name: string;
  readonly #counts: Map<string, number>;
  readonly #inputs: Value[] = [];
  readonly #outputs: Value[] = [];
  readonly #initializers: Initializer[] = [];
  readonly #nodes: Node[] = [];
  readonly #constants = new Map<string, Value>();
  readonly #root: GraphBuilder;

  constructor(name: string, parent?: GraphBuilder) {
    this.name = name;
    this.#root = parent === undefined ? this : parent.#root;
    this.#counts = parent === undefined ? new Map<string, number>() : parent.#counts;
  }

  subgraph(name: string): GraphBuilder {
    return new GraphBuilder(this.#unique(name), this);
  }

  /** Keeps a name from being given to any value of this builder or its subgraphs. */
  reserve(name: string): void {
    if (!this.#counts.has(name)) this.#counts.set(name, 1);
  }

  input(name: string, dtype: DataType, shape: readonly Dim[]): Value {
    const value = { name: this.#unique(name), dtype, shape };
    this.#inputs.push(value);
    return value;
  }

  /** Makes `value` an output; the graph's caller finds it under `name`. A value whose own name that is, is not copied even where nodes use it too. */
  output(name: string, value: Value): void {
    if (value.name === name) {
      this.#outputs.push(value);
      return;
    }
    const renamed = { ...value, name: this.#unique(name) };
    this.#nodes.push({ op: 'Identity', domain: '', inputs: [value], outputs: [renamed], attributes: {} });
    this.#outputs.push(renamed);
  }

  /** One node with one output. */
  node(op: string, inputs: readonly (Value | null)[], dtype: DataType, shape: readonly Dim[], options: NodeOptions = {}): Value {
    return this.nodes(op, inputs, [{ dtype, shape }], options)[0]!;
  }

  /** One node with several outputs, each of which may have a start of its name of its own; null = an optional one left out. */
  nodes(
    op: string,
    inputs: readonly (Value | null)[],
    outputs: readonly ({ readonly dtype: DataType; readonly shape: readonly Dim[]; readonly name?: string } | null)[],
    options: NodeOptions = {},
  ): readonly Value[] {
    const made = outputs.map((output) => (output === null ? LEFT_OUT : { name: this.#unique(output.name ?? options.name ?? op), dtype: output.dtype, shape: output.shape }));
    this.#nodes.push({ op, domain: options.domain ?? '', inputs, outputs: made, attributes: options.attributes ?? {} });
    return made;
  }

  /** A small constant, stored in the graph itself and shared by equal calls. */
  constant(dtype: ConstantType, shape: readonly number[], values: ArrayLike<number>): Value {
    const key = `${dtype}[${shape.join()}]${Array.prototype.join.call(values)}`;
    const known = this.#root.#constants.get(key);
    if (known !== undefined) return known;
    const bytes = littleEndian(dtype, values);
    const value = { name: this.#unique('constant'), dtype, shape };
    this.#root.#initializers.push({ value, data: { kind: 'inline', bytes } });
    this.#root.#constants.set(key, value);
    return value;
  }

  /** A float32 table of any size, stored in the graph itself. */
  table(values: Float32Array, shape: readonly number[]): Value {
    const value = { name: this.#unique('table'), dtype: 'float32' as const, shape };
    this.#root.#initializers.push({ value, data: { kind: 'inline', bytes: littleEndian('float32', values) } });
    return value;
  }

  /** A checkpoint tensor in its storage type; its bytes stay in the file. */
  weight(ref: WeightRef): Value {
    const value = { name: this.#unique(ref.name), dtype: WEIGHT_TYPES[ref.dtype], shape: ref.shape };
    const { location, byteOffset, byteLength } = ref;
    this.#root.#initializers.push({ value, data: { kind: 'external', location, byteOffset, byteLength } });
    return value;
  }

  /** What has been built so far, in execution order: the tape a backward pass runs along. */
  get nodesSoFar(): readonly Node[] {
    return this.#nodes;
  }

  build(): Graph {
    if (this.#outputs.length === 0) throw new TouchstoneError('internal', `graph ${this.name} has no output`);
    return { name: this.name, inputs: this.#inputs, outputs: this.#outputs, initializers: this.#initializers, nodes: this.#nodes };
  }

  #unique(name: string): string {
    let count = this.#counts.get(name) ?? 0;
    let free = count === 0 ? name : `${name}_${count}`;
    while (count > 0 && this.#counts.has(free)) free = `${name}_${++count}`;
    this.#counts.set(name, count + 1);
    if (free !== name) this.#counts.set(free, 1);
    return free;
  }
}

function littleEndian(dtype: ConstantType, values: ArrayLike<number>): Uint8Array {
  const size = { float32: 4, int32: 4, int64: 8, int8: 1, uint8: 1 }[dtype];
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) {
    if (dtype === 'float32') view.setFloat32(i * 4, values[i]!, true);
    else if (dtype === 'int32') view.setInt32(i * 4, values[i]!, true);
    else if (dtype === 'int64') view.setBigInt64(i * 8, BigInt(values[i]!), true);
    else view.setUint8(i, values[i]!);
  }
  return bytes;
}

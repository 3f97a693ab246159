import type { Attribute, DataType, Dim, Graph, Initializer, Node, Value } from './ir.js';

/** Enum TensorProto.DataType of onnx.proto3. */
const DATA_TYPES: Readonly<Record<DataType, number>> = {
  float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, bfloat16: 16,
};
/** Enum AttributeProto.AttributeType and the field each kind is stored in. */
const ATTRIBUTE_TYPES: Readonly<Record<Exclude<Attribute['kind'], 'encoded'>, number>> = { float: 1, int: 2, string: 3, graph: 5, ints: 7 };
const IR_VERSION = 10;
const OPSET_VERSION = 21;

/**
 * The bytes of an ONNX ModelProto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3): what onnxruntime loads from memory.
 * Weights with external data are written as references, so the result stays small whatever the model. Deterministic.
 */
export function encodeModel(graph: Graph): Uint8Array<ArrayBuffer> {
  const model = new Message();
  model.varint(1, IR_VERSION);
  model.text(2, 'touchstone');
  model.message(7, encodeGraph(graph));
  for (const [domain, version] of [['', OPSET_VERSION], ['com.microsoft', 1]] as const) {
    model.message(8, new Message().text(1, domain).varint(2, version));
  }
  return model.bytes();
}

function encodeGraph(graph: Graph): Message {
  const message = new Message();
  for (const node of graph.nodes) message.message(1, encodeNode(node));
  message.text(2, graph.name);
  for (const initializer of graph.initializers) message.message(5, encodeInitializer(initializer));
  for (const input of graph.inputs) message.message(11, encodeValueInfo(input));
  for (const output of graph.outputs) message.message(12, encodeValueInfo(output));
  return message;
}

function encodeNode(node: Node): Message {
  const message = new Message();
  for (const input of node.inputs) message.text(1, input === null ? '' : input.name);
  for (const output of node.outputs) message.text(2, output.name);
  message.text(3, node.outputs[0]!.name).text(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    if (attribute.kind === 'encoded') message.raw(5, attribute.value);
    else message.message(5, encodeAttribute(name, attribute));
  }
  return message.text(7, node.domain);
}

function encodeAttribute(name: string, attribute: Exclude<Attribute, { kind: 'encoded' }>): Message {
  const message = new Message().text(1, name).varint(20, ATTRIBUTE_TYPES[attribute.kind]);
  switch (attribute.kind) {
    case 'float': return message.float(2, attribute.value);
    case 'int': return message.varint(3, attribute.value);
    case 'string': return message.text(4, attribute.value);
    case 'graph': return message.message(6, encodeGraph(attribute.value));
    case 'ints':
      for (const value of attribute.value) message.varint(8, value);
      return message;
  }
}

function encodeInitializer({ value, data }: Initializer): Message {
  const message = new Message();
  for (const dim of value.shape) message.varint(1, dim as number);
  message.varint(2, DATA_TYPES[value.dtype]).text(8, value.name);
  if (data.kind === 'inline') return message.raw(9, data.bytes);
  const entries = { location: data.location, offset: String(data.byteOffset), length: String(data.byteLength) };
  for (const [key, entry] of Object.entries(entries)) message.message(13, new Message().text(1, key).text(2, entry));
  return message.varint(14, 1); // data_location = EXTERNAL
}

function encodeValueInfo(value: Value): Message {
  const shape = new Message();
  for (const dim of value.shape) shape.message(1, encodeDim(dim));
  const tensor = new Message().varint(1, DATA_TYPES[value.dtype]).message(2, shape);
  return new Message().text(1, value.name).message(2, new Message().message(1, tensor));
}

function encodeDim(dim: Dim): Message {
  return typeof dim === 'number' ? new Message().varint(1, dim) : new Message().text(2, dim);
}

const utf8 = new TextEncoder();

/** A protobuf message being written; methods append one field each. Wire format: https://protobuf.dev/programming-guides/encoding/ */
class Message {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  varint(field: number, value: number): this {
    return this.#tag(field, 0).#varint(value);
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.#tag(field, 5).#push(bytes);
  }

  text(field: number, value: string): this {
    return this.raw(field, utf8.encode(value));
  }

  raw(field: number, bytes: Uint8Array): this {
    return this.#tag(field, 2).#varint(bytes.length).#push(bytes);
  }

  message(field: number, message: Message): this {
    this.#tag(field, 2).#varint(message.#length);
    for (const chunk of message.#chunks) this.#push(chunk);
    return this;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const result = new Uint8Array(this.#length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      result.set(chunk, offset);
      offset += chunk.length;
    }
    return result;
  }

  #tag(field: number, wireType: number): this {
    return this.#varint(field * 8 + wireType);
  }

  #varint(value: number): this {
    const bytes: number[] = [];
    // Negative numbers are 64-bit two's complement: ten bytes.
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 127n) {
      bytes.push(Number(rest & 127n) | 128);
      rest >>= 7n;
    }
    bytes.push(Number(rest));
    return this.#push(Uint8Array.from(bytes));
  }

  #push(chunk: Uint8Array): this {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this;
  }
}

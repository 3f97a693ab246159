import { clearField, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { GraphProtoSchema, ModelProtoSchema, TensorProto_DataType, TensorProtoSchema, type GraphProto, type ModelProto, type TensorProto } from 'onnx-buf';
import { messageOf, TouchstoneError } from '../../errors.js';

/** A model with the parts every model has. */
export type DecodedModel = ModelProto & { graph: GraphProto };

const NOT_ONNX = 'Give the path of a model exported to ONNX; if this one was, fetch or export it again.';
const latin1 = new TextDecoder('latin1');

/**
 * The ModelProto in `bytes`. Tensor data are views of `bytes`, not copies; fields this program does not know are kept.
 * @throws TouchstoneError ('io') if the bytes are not an ONNX model
 */
export function decodeModel(bytes: Uint8Array): DecodedModel {
  const head = latin1.decode(bytes.subarray(0, 64));
  if (bytes.length === 0) throw new TouchstoneError('io', 'expected an ONNX model, found 0 bytes', { advice: NOT_ONNX });
  if (head.startsWith('version https://git-lfs')) {
    throw new TouchstoneError('io', `expected an ONNX model, found a Git LFS pointer of ${bytes.length} bytes`, {
      advice: 'Fetch the file it points to with `git lfs pull`.',
    });
  }
  if (head.slice(4, 8) === 'ORTM') {
    throw new TouchstoneError('io', 'expected an ONNX model, found one in the ORT format', { advice: 'Give the .onnx file it was converted from.' });
  }
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw new TouchstoneError('io', `expected an ONNX model, found ${bytes.length} bytes that are none: ${messageOf(cause)}`, { advice: NOT_ONNX, cause });
  }
  const { graph } = model;
  if (graph === undefined || graph.output.length === 0 || model.opsetImport.length === 0) {
    throw new TouchstoneError('io', `expected an ONNX model, found ${bytes.length} bytes without a graph, its outputs or an operator set`, { advice: NOT_ONNX });
  }
  return Object.assign(model, { graph });
}

/** Inline tensors from this many bytes on are not passed through the protobuf library, which copies what it writes several times. */
const LARGE_BYTES = 1 << 14;

/**
 * The bytes of `model`, whose large inline initializers are taken out of it and copied exactly once. They follow the rest of the model as
 * fragments of its graph: a decoder merges the parts of a message it meets more than once, and appends their repeated fields.
 * https://protobuf.dev/programming-guides/encoding/#last-one-wins
 * `model` is used up: its large tensors are left without data.
 */
export function encodeForeignModel(model: DecodedModel): Uint8Array<ArrayBuffer> {
  const { graph } = model;
  const large = graph.initializer.filter(({ rawData }) => rawData.length >= LARGE_BYTES);
  graph.initializer = graph.initializer.filter(({ rawData }) => rawData.length < LARGE_BYTES);
  const parts = [toBinary(ModelProtoSchema, model), ...large.flatMap(graphFragment)];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** A ModelProto that holds nothing but a graph with this one initializer, its data apart. */
function graphFragment(tensor: TensorProto): readonly Uint8Array[] {
  const data = tensor.rawData;
  clearField(tensor, TensorProtoSchema.field.rawData);
  const rest = toBinary(TensorProtoSchema, tensor);
  const dataTag = lengthDelimited(TensorProtoSchema.field.rawData.number, data.length);
  const tensorBytes = rest.length + dataTag.length + data.length;
  const tensorTag = lengthDelimited(GraphProtoSchema.field.initializer.number, tensorBytes);
  const graphTag = lengthDelimited(ModelProtoSchema.field.graph.number, tensorTag.length + tensorBytes);
  return [graphTag, tensorTag, rest, dataTag, data];
}

function lengthDelimited(field: number, length: number): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(length).finish();
}

/** int64 data of a small tensor held in the model itself; null for any other. */
export function inlineIntegers(tensor: TensorProto): readonly number[] | null {
  if (tensor.dataType !== (TensorProto_DataType.INT64 as number) || tensor.externalData.length > 0) return null;
  if (tensor.rawData.length === 0) return tensor.int64Data.map(Number);
  const view = new DataView(tensor.rawData.buffer, tensor.rawData.byteOffset, tensor.rawData.length);
  return Array.from({ length: view.byteLength / 8 }, (_, at) => Number(view.getBigInt64(at * 8, true)));
}

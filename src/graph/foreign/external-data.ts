import { clearField, create } from '@bufbuild/protobuf';
import { StringStringEntryProtoSchema, TensorProto_DataLocation, TensorProto_DataType, TensorProtoSchema, type GraphProto, type NodeProto, type TensorProto } from 'onnx-buf';
import { TouchstoneError } from '../../errors.js';
import type { DecodedModel } from './model-proto.js';
import { subgraphs } from './graph-index.js';

/** From this size on an inline tensor is read from the model file itself. Smaller ones are shapes and scalars, which the runtime wants to see while it loads. */
const OWN_FILE_BYTES = 1 << 12;

/** Every tensor of the model whose data could be in another file, those of constants, branches and functions included. */
function* tensorsOf(model: DecodedModel): Generator<TensorProto> {
  yield* tensorsOfGraph(model.graph);
  for (const { node } of model.functions) yield* tensorsOfNodes(node);
}

function* tensorsOfGraph(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const { values, indices } of graph.sparseInitializer) {
    if (values !== undefined) yield values;
    if (indices !== undefined) yield indices;
  }
  yield* tensorsOfNodes(graph.node);
}

function* tensorsOfNodes(nodes: readonly NodeProto[]): Generator<TensorProto> {
  for (const node of nodes) {
    for (const { t, tensors } of node.attribute) {
      if (t !== undefined) yield t;
      yield* tensors;
    }
    for (const inner of subgraphs(node)) yield* tensorsOfGraph(inner);
  }
}

/**
 * Gives every external location its new name and returns the new names, sorted. Offsets and lengths stay.
 * @throws TouchstoneError ('io') if a location leaves the model's folder, or is missing
 */
export async function relocate(model: DecodedModel, resolve: (location: string) => string | Promise<string>): Promise<string[]> {
  const locations = new Map<string, string>();
  for (const tensor of tensorsOf(model)) {
    if (tensor.dataLocation !== TensorProto_DataLocation.EXTERNAL) continue;
    const entry = tensor.externalData.find(({ key }) => key === 'location');
    if (entry === undefined || !staysInFolder(entry.value)) throw escaping(tensor.name, entry?.value ?? '');
    let resolved = locations.get(entry.value);
    if (resolved === undefined) locations.set(entry.value, (resolved = await resolve(entry.value)));
    if (!staysInFolder(resolved)) throw escaping(tensor.name, resolved);
    entry.value = resolved;
  }
  return [...new Set(locations.values())].sort();
}

function staysInFolder(location: string): boolean {
  const parts = location.split(/[/\\]/);
  return location !== '' && !location.includes('\0') && !/^[A-Za-z]:/.test(location) && parts[0] !== '' && !parts.includes('..');
}

function escaping(tensor: string, location: string): TouchstoneError {
  return new TouchstoneError('io', `tensor ${tensor} must have its data in a file of the model's own folder, found location "${location}"`, {
    advice: 'Save the model with its external data beside it. A location outside could read any file of this machine.',
  });
}

/**
 * Turns large inline initializers into references to their own bytes in `file`, the file `bytes` were read from, where the
 * runtime maps them instead of holding copies. Returns how many bytes the model has got smaller by.
 */
export function readFromOwnFile(model: DecodedModel, bytes: Uint8Array, file: string): number {
  let moved = 0;
  for (const tensor of model.graph.initializer) {
    const { rawData } = tensor;
    if (rawData.length < OWN_FILE_BYTES || rawData.buffer !== bytes.buffer || tensor.dataType === (TensorProto_DataType.STRING as number)) continue;
    const entries = { location: file, offset: rawData.byteOffset - bytes.byteOffset, length: rawData.length };
    tensor.externalData = Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value: String(value) }));
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    clearField(tensor, TensorProtoSchema.field.rawData);
    moved += rawData.length;
  }
  return moved;
}

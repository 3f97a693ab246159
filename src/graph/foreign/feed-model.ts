import type { GraphProto, ValueInfoProto } from 'onnx-buf';
import { TouchstoneError } from '../../errors.js';
import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import { shapeOf } from '../ops.js';
import { shapeText } from './decoder-signature.js';
import { castTo, elementType, elementTypeName } from './element-type.js';
import { declaredTensor } from './graph-index.js';
import { feedInput, isKnownInput, type BatchValues, type ModelInput } from './model-inputs.js';

/** Initializers that are listed as inputs too: defaults. Those of known inputs are taken away, all others become constants. */
export function settleDefaults(graph: GraphProto): void {
  const inputs = new Set(graph.input.map(({ name }) => name));
  graph.initializer = graph.initializer.filter(({ name }) => !(inputs.has(name) && (name === 'input_ids' || isKnownInput(name))));
  const constants = new Set(graph.initializer.map(({ name }) => name));
  graph.input = graph.input.filter(({ name }) => !constants.has(name));
}

/**
 * Makes a value for every input of the graph from `inputIds`, int32 (B, T). Returns them by the names of the inputs.
 * @throws TouchstoneError ('usage') that names an input whose meaning is not known
 */
export function feedModel(g: GraphBuilder, graph: GraphProto, inputIds: Value): ReadonlyMap<string, Value> {
  const inputs = graph.input.map(readInput);
  const batchName = String(inputs.find(({ name }) => name === 'input_ids')?.shape[0] ?? '');
  const batch: BatchValues = { inputIds, sizes: shapeOf(g, inputIds), batchName };
  return new Map(inputs.map((input) => [input.name, input.name === 'input_ids' ? castTo(g, inputIds, input.dtype) : feed(g, batch, input)]));
}

function feed(g: GraphBuilder, batch: BatchValues, input: ModelInput): Value {
  const value = feedInput(g, batch, input);
  if (value === undefined) {
    throw new TouchstoneError('usage', `input ${input.name} (${input.dtype} ${shapeText(input.shape)}) is not one a decoder is known to have`, {
      advice: 'Export the model with input_ids and, if need be, attention_mask, position_ids and past_key_values only.',
    });
  }
  if (value === null) {
    throw new TouchstoneError('usage', `input ${input.name} has an unexpected rank, found shape ${shapeText(input.shape)}`, {
      advice: 'Export the model with a mask and positions of shape (batch, sequence).',
    });
  }
  return value;
}

function readInput(info: ValueInfoProto): ModelInput {
  const declared = declaredTensor(info);
  const dtype = elementType(declared?.elementCode ?? 0);
  if (declared === undefined || dtype === undefined || declared.shape === null) {
    throw new TouchstoneError('usage', `input ${info.name} must be a tensor of known rank, found ${elementTypeName(declared?.elementCode ?? 0)} ${shapeText(declared?.shape)}`, {
      advice: 'Export the model again, with shapes declared for its inputs.',
    });
  }
  return { name: info.name, dtype, shape: declared.shape };
}

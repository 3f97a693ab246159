import type { GraphProto } from 'onnx-buf';
import { TouchstoneError } from '../../errors.js';
import type { DataType } from '../ir.js';
import { elementType, elementTypeName } from './element-type.js';
import { declaredTensor, type DeclaredDim } from './graph-index.js';

/** What the loss head needs to know of a decoder's `logits`. */
export interface LogitsSignature {
  readonly dtype: DataType;
  /** null where the model does not declare it. */
  readonly vocabSize: number | null;
}

const DECODER_ADVICE = 'Export the model as a decoder: input_ids (batch, sequence) in, logits (batch, sequence, vocabulary) out.';
const ENCODER = /^(encoder_|decoder_input|cross_|.*\.encoder\.)/;
const FLOATS: readonly (DataType | undefined)[] = ['float32', 'float16', 'bfloat16'];

/**
 * Checks that the graph takes `input_ids` of any (B, T) and gives `logits` for each of them, and returns what `logits` are declared to be.
 * @throws TouchstoneError ('usage') that names what is missing and lists what there is
 */
export function decoderSignature(graph: GraphProto): LogitsSignature {
  const inputs = graph.input.map(({ name }) => name);
  const outputs = graph.output.map(({ name }) => name);
  const encoder = inputs.find((name) => ENCODER.test(name));
  if (encoder !== undefined) throw new TouchstoneError('usage', `it must be a decoder without an encoder, found input ${encoder}`, { advice: DECODER_ADVICE });

  const ids = graph.input.find(({ name }) => name === 'input_ids');
  if (ids === undefined) throw new TouchstoneError('usage', `it must have an input input_ids, found ${list(inputs)}`, { advice: DECODER_ADVICE });
  const shape = declaredTensor(ids)?.shape;
  if (shape?.length !== 2 || shape.some((dim) => typeof dim === 'number')) {
    throw new TouchstoneError('usage', `input_ids must take any batch size and length, found shape ${shapeText(shape)}`, {
      advice: 'Export the model with dynamic axes for batch and sequence.',
    });
  }

  const logits = graph.output.find(({ name }) => name === 'logits');
  if (logits === undefined) throw new TouchstoneError('usage', `it must have an output logits, found ${list(outputs)}`, { advice: DECODER_ADVICE });
  const declared = declaredTensor(logits);
  const dtype = elementType(declared?.elementCode ?? 0);
  if (declared === undefined || dtype === undefined || !FLOATS.includes(dtype)) {
    throw new TouchstoneError('usage', `logits must be float32, float16 or bfloat16, found ${elementTypeName(declared?.elementCode ?? 0)}`, { advice: DECODER_ADVICE });
  }
  const last = declared.shape?.at(-1);
  return { dtype, vocabSize: typeof last === 'number' ? last : null };
}

export function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.length <= 8 ? names.join(', ') : `${names.slice(0, 7).join(', ')} and ${names.length - 7} more`;
}

export function shapeText(shape: readonly DeclaredDim[] | null | undefined): string {
  return shape == null ? 'none' : `[${shape.map((dim) => (dim === '' ? '?' : dim)).join(', ')}]`;
}

import type { GraphBuilder } from '../builder.js';
import type { DataType, Dim, Value } from '../ir.js';
import { concat, gatherRows, range, squeeze } from '../ops.js';
import { cacheShape } from './cache-input.js';
import { castTo } from './element-type.js';
import type { DeclaredDim } from './graph-index.js';

/** An input of the model besides input_ids, as the model declares it. */
export interface ModelInput {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly DeclaredDim[];
}

/** The batch being scored: what the inputs of a model are made from. */
export interface BatchValues {
  /** int32 (B, T) */
  readonly inputIds: Value;
  /** int64 [2]: B and T */
  readonly sizes: Value;
  /** How the model names the batch axis of its own input_ids; '' where it has no name. */
  readonly batchName: string;
}

/** The value of the input for a batch of whole sequences without a past; null where the input does not have the rank this kind of input has. */
type Feed = (g: GraphBuilder, batch: BatchValues, input: ModelInput) => Value | null;

/** Every kind of input a decoder is exported with, by name: as optimum, transformers.js, onnxruntime-genai and torch.onnx users call it. */
const FEEDS: readonly (readonly [RegExp, Feed])[] = [
  // Padding is on the right, where a causal model sees it from padding alone: it may count as text.
  [/^attention_mask$/, (g, batch, input) => (input.shape.length === 2 ? fill(g, 1, input.dtype, batch.sizes, ['B', 'T']) : null)],
  [/^token_type_ids$/, (g, batch, input) => (input.shape.length === 2 ? fill(g, 0, input.dtype, batch.sizes, ['B', 'T']) : null)],
  [/^position_ids$/, positionIds],
  [/^cache_position$/, (g, batch, input) => (input.shape.length === 1 ? positions(g, batch, input.dtype) : null)],
  // The branch of a merged decoder that takes no past.
  [/^use_cache_branch$/, zeros],
  // 0 asks for the logits of every position: the slice [-0:] is everything.
  [/^(num_)?logits_to_keep$/, zeros],
  [/^past(_key_values?|_keys?|_values?)?([._](key|value)_cache)?[._]\d+([._]\w+)*$/, emptyCache],
];

export function isKnownInput(input: string): boolean {
  return FEEDS.some(([name]) => name.test(input));
}

/**
 * The value that stands for an input of the model when a batch is scored, in the type the input is declared with: a mask of
 * ones, positions 0 .. T-1, an empty past and so on. undefined for an input that is not known; null for a known one of unknown rank.
 *
 * @throws TouchstoneError ('usage') if an input for the past has no axis along which it could be empty
 */
export function feedInput(g: GraphBuilder, batch: BatchValues, input: ModelInput): Value | null | undefined {
  const feed = FEEDS.find(([name]) => name.test(input.name));
  return feed?.[1](g, batch, input);
}

/** A number repeated over a shape known when the graph runs. */
function fill(g: GraphBuilder, value: number, dtype: DataType, sizes: Value, shape: readonly Dim[]): Value {
  return castTo(g, g.node('Expand', [g.constant('float32', [], [value]), sizes], 'float32', shape), dtype);
}

function zeros(g: GraphBuilder, _: BatchValues, { shape, dtype }: ModelInput): Value | null {
  return shape.length > 1 ? null : castTo(g, g.constant('float32', shape.map(() => 1), [0]), dtype);
}

/** 0 .. T-1 in `dtype`. */
function positions(g: GraphBuilder, { sizes }: BatchValues, dtype: DataType): Value {
  const steps = squeeze(g, gatherRows(g, sizes, g.constant('int64', [1], [1])), 0);
  return castTo(g, range(g, steps, 'T'), dtype);
}

function positionIds(g: GraphBuilder, batch: BatchValues, { shape, dtype }: ModelInput): Value | null {
  if (shape.length === 1) return positions(g, batch, dtype);
  if (shape.length !== 2) return null;
  return g.node('Expand', [positions(g, batch, dtype), batch.sizes], dtype, ['B', 'T']);
}

/** Keys or values of no tokens at all. */
function emptyCache(g: GraphBuilder, { sizes, batchName }: BatchValues, input: ModelInput): Value {
  const shape = cacheShape(input, batchName);
  const batch = gatherRows(g, sizes, g.constant('int64', [1], [0]));
  const parts = shape.map((dim) => (typeof dim === 'number' ? g.constant('int64', [1], [dim]) : batch));
  return castTo(g, g.node('ConstantOfShape', [concat(g, parts, 0)], 'float32', shape), input.dtype);
}

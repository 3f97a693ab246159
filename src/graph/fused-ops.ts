import { TouchstoneError } from '../errors.js';
import type { GraphBuilder } from './builder.js';
import { describe, float, int, sameShape, type Value } from './ir.js';

/**
 * Operators of onnxruntime that do in one pass over memory what several standard ones would.
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */

export interface SkipNorm {
  /** norm(sum) */
  readonly normed: Value;
  /** rows + skip + bias, what the next layer adds to. */
  readonly sum: Value;
}

/** The root-mean-square norm of rows + skip (+ bias [D]), all [R, D]. */
export function skipRmsNorm(g: GraphBuilder, rows: Value, skip: Value, bias: Value | null, weight: Value, epsilon: number): SkipNorm {
  return skipNorm(g, 'SkipSimplifiedLayerNormalization', rows, skip, bias === null ? [weight] : [weight, bias], epsilon);
}

/** The mean and variance norm of rows + skip (+ bias [D]), all [R, D]. */
export function skipLayerNorm(g: GraphBuilder, rows: Value, skip: Value, bias: Value | null, weight: Value, shift: Value, epsilon: number): SkipNorm {
  return skipNorm(g, 'SkipLayerNormalization', rows, skip, bias === null ? [weight, shift] : [weight, shift, bias], epsilon);
}

function skipNorm(g: GraphBuilder, op: string, rows: Value, skip: Value, vectors: readonly Value[], epsilon: number): SkipNorm {
  const fits = sameShape(rows.shape, skip.shape) && vectors.every(({ shape }) => sameShape(shape, [rows.shape.at(-1)!]));
  if (!fits) throw new TouchstoneError('internal', `${op}: expected two [R, D] and vectors of D; got ${[rows, skip, ...vectors].map(describe).join(' and ')}`);
  const like = { dtype: rows.dtype, shape: rows.shape };
  const [normed, , , sum] = g.nodes(op, [rows, skip, ...vectors], [like, null, null, like], { domain: 'com.microsoft', attributes: { epsilon: float(epsilon) } });
  return { normed: normed!, sum: sum! };
}

/** gelu(x + bias): the exact erf form, or its tanh approximation. */
export function biasGelu(g: GraphBuilder, x: Value, bias: Value, approximation: 'none' | 'tanh'): Value {
  return g.node(approximation === 'none' ? 'BiasGelu' : 'FastGelu', [x, bias], x.dtype, x.shape, { domain: 'com.microsoft' });
}

export interface GroupQueryAttention {
  /** Queries [B, T, heads * size], or with no key and value queries, keys and values side by side: [B, T, (heads + 2 kvHeads) * size]. */
  readonly query: Value;
  /** [B, T, kvHeads * size] each. */
  readonly keyValue: { readonly key: Value; readonly value: Value } | null;
  /** int32 [B]: the position of each sequence's last token; int32 [1]: T. */
  readonly lastPositions: Value;
  readonly steps: Value;
  readonly heads: number;
  readonly kvHeads: number;
  readonly size: number;
  /** Tables [positions, pairs] by which queries and keys are rotated; null = they are not. */
  readonly rotary: { readonly cosine: Value; readonly sine: Value } | null;
  /** A token sees itself and the window - 1 tokens before it; null = all before it. */
  readonly window: number | null;
}

/**
 * Causal softmax attention, scaled by 1 / sqrt(size), that never holds T x T scores: [B, T, heads * size]. On CUDA float16 alone, and heads of a multiple of 8
 * dimensions.
 *
 * Nothing reads the keys and values that it hands on as a cache. They are outputs all the same, of which the schema leaves a kernel the choice: the CUDA kernels of
 * some versions write through them unasked, and the others take as much scratch memory in their place.
 */
export function groupQueryAttention(g: GraphBuilder, { query, keyValue, lastPositions, steps, heads, kvHeads, size, rotary, window }: GroupQueryAttention): Value {
  const [batch, length, width] = query.shape;
  const expected = (keyValue === null ? heads + 2 * kvHeads : heads) * size;
  if (query.shape.length !== 3 || width !== expected) {
    throw new TouchstoneError('internal', `groupQueryAttention: the query must be [B, T, ${expected}]; got ${describe(query)}`);
  }
  const tables = rotary === null ? [] : [rotary.cosine, rotary.sine];
  const inputs = [query, keyValue?.key ?? null, keyValue?.value ?? null, null, null, lastPositions, steps, ...tables];
  const cache = { dtype: query.dtype, shape: [batch!, kvHeads, length!, size] };
  const [mixed] = g.nodes('GroupQueryAttention', inputs, [{ dtype: query.dtype, shape: [batch!, length!, heads * size] }, cache, cache], {
    domain: 'com.microsoft',
    attributes: {
      num_heads: int(heads),
      kv_num_heads: int(kvHeads),
      do_rotary: int(Number(rotary !== null)),
      ...(window === null ? {} : { local_window_size: int(window) }),
    },
  });
  return mixed!;
}

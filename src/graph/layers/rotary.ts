import type { RotarySpec } from '../../records.js';
import type { GraphBuilder } from '../builder.js';
import { int, type Value } from '../ir.js';
import type { Sequence } from './sequence.js';

/** Cosine and sine of every angle: float32 (positions, rotaryDim / 2) each. */
export interface RotaryTables {
  readonly cosine: Value;
  readonly sine: Value;
  readonly rotaryDim: number;
}

/**
 * Tables for positions 0 .. positions - 1. Angles are rounded to float32 before the cosine, as the code these models were
 * trained with does: in float64 the tables would be more exact than the model and different from it.
 */
export function rotaryTables(g: GraphBuilder, spec: RotarySpec, positions: number): RotaryTables {
  const pairs = spec.inverseFrequency.length;
  const cosine = new Float32Array(positions * pairs);
  const sine = new Float32Array(positions * pairs);
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < pairs; pair++) {
      const angle = Math.fround(position * Math.fround(spec.inverseFrequency[pair]!));
      cosine[position * pairs + pair] = Math.cos(angle);
      sine[position * pairs + pair] = Math.sin(angle);
    }
  }
  return { cosine: g.table(cosine, [positions, pairs]), sine: g.table(sine, [positions, pairs]), rotaryDim: spec.rotaryDim };
}

/** Rotates the first rotaryDim dimensions of every head of x [B*T, heads * size]: [B, T, heads, size]. RoFormer, https://arxiv.org/abs/2104.09864 */
export function rotary(g: GraphBuilder, grid: Sequence, tables: RotaryTables, x: Value, heads: number, size: number): Value {
  const flat = grid.toGrid(x);
  const start = g.constant('int64', [1], [0]);
  const partial = tables.rotaryDim === size ? {} : { rotary_embedding_dim: int(tables.rotaryDim) };
  const rotated = g.node('RotaryEmbedding', [flat, start, tables.cosine, tables.sine], x.dtype, flat.shape, {
    domain: 'com.microsoft',
    attributes: { interleaved: int(0), num_heads: int(heads), ...partial },
  });
  return grid.toHeads(rotated, heads, size);
}

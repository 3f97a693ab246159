import { TouchstoneError } from '../../errors.js';
import type { RotarySpec } from '../../records.js';
import type { GraphBuilder } from '../builder.js';
import { groupQueryAttention, type GroupQueryAttention } from '../fused-ops.js';
import type { Value } from '../ir.js';
import { cast, gatherRows, reshape, split, sub } from '../ops.js';
import type { BodyType } from '../weights.js';
import { rotary, rotaryTables } from './rotary.js';
import { POSITIONS, type Sequence } from './sequence.js';

export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  /** Dimensions of a head. */
  readonly size: number;
}

/** Queries, keys and values of all positions, side by side in rows [B*T, (heads + 2 kvHeads) * size] or apart in rows [B*T, heads or kvHeads * size]. */
export type Projections = { readonly kind: 'packed'; readonly rows: Value } | { readonly kind: 'apart'; readonly q: Value; readonly k: Value; readonly v: Value };

/** Attention of one layer: rows [B*T, heads * size]. A window of null sees all that came before. */
export type FusedAttention = (projections: Projections, window: number | null) => Value;

/**
 * Causal attention by onnxruntime's fused operator, with what all layers of a graph share made once. Right padding needs no mask: a query sees nothing behind it.
 * The operator rotates as well, where heads and rotated dimensions are multiples of 16 (of Pythia 2.8B, 20 of 80 are rotated); else RotaryEmbedding does before it.
 *
 * @param positions the longest sequence; a window that reaches over all of it is left out, because kernels without one are faster
 * @throws TouchstoneError if the heads are none the operator takes
 */
export function fusedAttention(
  g: GraphBuilder,
  grid: Sequence,
  { heads, kvHeads, size }: AttentionShape,
  spec: RotarySpec | null,
  positions: number,
  type: BodyType,
): FusedAttention {
  if (size % 8 !== 0) {
    throw new TouchstoneError('usage', `attention heads must have a multiple of 8 dimensions for float16 on CUDA, and this model's have ${size}`, {
      advice: 'Use --precision float32.',
    });
  }
  const { steps } = grid;
  const sequences = gatherRows(g, grid.sizes, g.constant('int64', [1], [0]));
  const last = cast(g, sub(g, steps, g.constant('int64', [1], [1])), 'int32');
  const lastPositions = g.node('Expand', [last, sequences], 'int32', ['B']);
  const lengths = { lastPositions, steps: cast(g, steps, 'int32') };

  const float32Tables = spec === null ? null : rotaryTables(g, spec, positions);
  const tables = float32Tables === null ? null : { ...float32Tables, cosine: cast(g, float32Tables.cosine, type), sine: cast(g, float32Tables.sine, type) };
  const inside = tables !== null && size % 16 === 0 && tables.rotaryDim % 16 === 0;
  const rotated = (rows: Value, count: number): Value =>
    tables === null || inside ? rows : reshape(g, rotary(g, grid, tables, rows, count, size), [POSITIONS, count * size], [-1, count * size]);

  const widths = [heads * size, kvHeads * size, kvHeads * size];

  return (projections, window) => {
    const inputs = (): Pick<GroupQueryAttention, 'query' | 'keyValue'> => {
      if (projections.kind === 'packed' && (tables === null || inside)) return { query: grid.toGrid(projections.rows), keyValue: null };
      const [q, k, v] = projections.kind === 'apart' ? [projections.q, projections.k, projections.v] : split(g, projections.rows, 1, widths);
      return { query: grid.toGrid(rotated(q!, heads)), keyValue: { key: grid.toGrid(rotated(k!, kvHeads)), value: grid.toGrid(v!) } };
    };
    const near = window === null || window >= positions ? null : window;
    const mixed = groupQueryAttention(g, { ...inputs(), ...lengths, heads, kvHeads, size, rotary: inside ? tables : null, window: near });
    return reshape(g, mixed, [POSITIONS, heads * size], [-1, heads * size]);
  };
}

import type { GraphBuilder } from '../builder.js';
import type { Dim, Value } from '../ir.js';
import { add, concat, fusedMatMul, matMul, reshape, softmax, transpose } from '../ops.js';
import type { Sequence } from './sequence.js';

export interface AttentionOptions {
  /** A token sees itself and the window - 1 tokens before it; null = all before it. */
  readonly window: number | null;
}

/**
 * Causal softmax attention, scaled by 1 / sqrt(size). q [B, T, heads, size]; k and v [B, T, kvHeads, size], each shared by
 * heads / kvHeads consecutive query heads (grouped-query attention, https://arxiv.org/abs/2305.13245). Returns [B*T, heads * size].
 * The query heads of a group are laid one below the other, so keys and values are never repeated.
 */
export function attention(g: GraphBuilder, grid: Sequence, q: Value, k: Value, v: Value, options: AttentionOptions): Value {
  const heads = q.shape[2] as number;
  const size = q.shape[3] as number;
  const kvHeads = k.shape[2] as number;
  const byHead = (x: Value): Value => transpose(g, x, [0, 2, 1, 3]);
  const grouped = heads !== kvHeads;
  /** Between [B, heads, Q, last] and [B, kvHeads, G*Q, last]; the bytes stay where they are. */
  const asGroups = (x: Value): Value => (grouped ? reshape(g, x, ['B', kvHeads, 'G*Q', x.shape[3]!], [0, kvHeads, -1, 0]) : x);
  const asHeads = (x: Value, queries: Dim): Value => (grouped ? reshape(g, x, ['B', heads, queries, x.shape[3]!], [0, heads, -1, 0]) : x);

  const keys = grid.blocks.seen(byHead(k));
  const values = grid.blocks.seen(byHead(v));
  const masks = grid.blocks.masks(options.window);
  const mixed = grid.blocks.own(q).map((queries, block) => {
    const length = queries.shape[1]!;
    const scores = fusedMatMul(g, asGroups(byHead(queries)), keys[block]!, { transB: true, scale: 1 / Math.sqrt(size) });
    const weights = softmax(g, add(g, asHeads(scores, length), masks[block]!));
    return byHead(asHeads(matMul(g, asGroups(weights), values[block]!), length));
  });
  return grid.toRows(mixed.length === 1 ? mixed[0]! : concat(g, mixed, 1));
}

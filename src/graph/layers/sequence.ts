import type { GraphBuilder } from '../builder.js';
import type { Dim, Value } from '../ir.js';
import { concat, gatherRows, range, reshape, shapeOf, squeeze } from '../ops.js';
import { causalBlocks, type BlockPlan, type CausalBlocks } from './causal-blocks.js';

/** Rows of all token positions of the batch, flattened: B*T. */
export const POSITIONS: Dim = 'B*T';

/** The (B, T) grid of the batch: what layers need to go from flat rows to heads and back. Right padding needs no mask under causal attention. */
export interface Sequence {
  /** int64 (2): B, T */
  readonly sizes: Value;
  /** int64 (1): T */
  readonly steps: Value;
  /** int32 (B*T) */
  readonly flatIds: Value;
  /** int64 (T): 0 .. T-1 */
  readonly positions: Value;
  /** x [B*T, heads * size] seen as [B, T, heads, size]. */
  toHeads(x: Value, heads: number, size: number): Value;
  /** x [B, T, heads, size] seen as [B*T, heads * size]. */
  toRows(x: Value): Value;
  /** x [B*T, width] seen as [B, T, width]. */
  toGrid(x: Value): Value;
  /** Attention is computed for one after the other. */
  readonly blocks: CausalBlocks;
}

/** `inputIds`: int32 (B, T). `blocks`: the blocks attention is computed in; default one. */
export function sequence(g: GraphBuilder, inputIds: Value, blocks: BlockPlan = { count: 1, cut: 'even' }): Sequence {
  const sizes = shapeOf(g, inputIds);
  const steps = gatherRows(g, sizes, g.constant('int64', [1], [1]));
  const positions = range(g, squeeze(g, steps, 0), 'T');
  const targets = new Map<string, Value>();

  /** int64 [B, T, ...tail], made once for each tail. */
  const gridShape = (...tail: readonly number[]): Value => {
    const key = tail.join();
    let target = targets.get(key);
    if (target === undefined) targets.set(key, (target = concat(g, [sizes, g.constant('int64', [tail.length], tail)], 0)));
    return target;
  };

  return {
    sizes,
    steps,
    flatIds: reshape(g, inputIds, [POSITIONS], [-1]),
    positions,
    toHeads: (x, heads, size) => reshape(g, x, ['B', 'T', heads, size], gridShape(heads, size)),
    toRows(x) {
      const width = (x.shape[2] as number) * (x.shape[3] as number);
      return reshape(g, x, [POSITIONS, width], [-1, width]);
    },
    toGrid(x) {
      const width = x.shape[1] as number;
      return reshape(g, x, ['B', 'T', width], gridShape(width));
    },
    blocks: causalBlocks(g, steps, positions, blocks),
  };
}

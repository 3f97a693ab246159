import type { GraphBuilder } from '../builder.js';
import type { Dim, Value } from '../ir.js';
import { concat, gatherRows, range, reshape, shapeOf, squeeze, unsqueeze } from '../ops.js';

/** Rows of all token positions of the batch, flattened: B*T. */
export const POSITIONS: Dim = 'B*T';

/** The (B, T) grid of the batch: what layers need to go from flat rows to heads and back. Right padding needs no mask under causal attention. */
export interface Sequence {
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
  /** float32 [T, T], 0 where row i may attend to column j and -Infinity elsewhere; one per window size. */
  causalMask(window: number | null): Value;
}

/** `inputIds`: int32 (B, T). */
export function sequence(g: GraphBuilder, inputIds: Value): Sequence {
  const sizes = shapeOf(g, inputIds);
  const steps = squeeze(g, gatherRows(g, sizes, g.constant('int64', [1], [1])), 0);
  const positions = range(g, steps, 'T');
  const targets = new Map<string, Value>();
  const masks = new Map<number | null, Value>();

  /** int64 [B, T, ...tail], made once for each tail. */
  const gridShape = (...tail: readonly number[]): Value => {
    const key = tail.join();
    let target = targets.get(key);
    if (target === undefined) targets.set(key, (target = concat(g, [sizes, g.constant('int64', [tail.length], tail)], 0)));
    return target;
  };

  return {
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
    causalMask(window) {
      let mask = masks.get(window);
      if (mask === undefined) masks.set(window, (mask = causalMask(g, positions, window)));
      return mask;
    },
  };
}

/** Row i sees column j when j <= i and, with a window, i - j < window. */
function causalMask(g: GraphBuilder, positions: Value, window: number | null): Value {
  const row = unsqueeze(g, positions, 1);
  const column = unsqueeze(g, positions, 0);
  const distance = g.node('Sub', [row, column], 'int64', ['T', 'T']);
  const zero = g.constant('int64', [], [0]);
  let visible = g.node('GreaterOrEqual', [distance, zero], 'bool', ['T', 'T']);
  if (window !== null) {
    const near = g.node('Less', [distance, g.constant('int64', [], [window])], 'bool', ['T', 'T']);
    visible = g.node('And', [visible, near], 'bool', ['T', 'T']);
  }
  return g.node('Where', [visible, g.constant('float32', [], [0]), g.constant('float32', [], [-Infinity])], 'float32', ['T', 'T']);
}

import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import { concat, slice, splitInto, sub, unsqueeze } from '../ops.js';

/** Positions cut into consecutive blocks; the queries of a block attend together to the keys up to the last of them. */
export interface CausalBlocks {
  readonly count: number;
  /** x [B, T, ...] at the positions of each block: [B, Q, ...]. */
  own(x: Value): readonly Value[];
  /** x [B, heads, T, size] at the positions each block may attend to: [B, heads, K, size]; the last block sees all of them. */
  seen(x: Value): readonly Value[];
  /** For each block float32 [Q, K], 0 where a query may attend to a key and -Infinity elsewhere; made once for a window size. */
  masks(window: number | null): readonly Value[];
}

/** Queries a block has at least in scoring, where short batches come; T is cut into fewer blocks where they would be smaller. */
const LEAST_QUERIES = 16;

/**
 * Blocks that pay in scoring on CPU. Attention in 4 blocks takes 37 % fewer multiplications; a whole model ran 4 % faster at 512 positions of 768 dimensions,
 * 21 % at 512 of 128, and 14 % with 8 blocks at 2048 of 768. Empty blocks cost 2 % at 16 positions of 128 dimensions.
 */
export function blocksFor(contextLength: number): number {
  return Math.min(8, Math.max(1, Math.round(contextLength / 128)));
}

/**
 * Blocks that pay in training on CPU, 64 queries each: the six products of a block then run at 80 to 90 GFLOP/s a thread where those of 256 queries ran at 49 to
 * 75, besides the multiplications that are left out.
 */
export function trainingBlocksFor(contextLength: number): number {
  return Math.min(8, Math.max(1, Math.round(contextLength / 64)));
}

export interface BlockPlan {
  readonly count: number;
  /**
   * `least`: a block has 16 queries or more, and the last ones none where T is small. `even`: equal shares, none of them empty where T is at least `count`; what
   * gradients need, which come out wrong beside a block without queries.
   */
  readonly cut: 'least' | 'even';
}

/**
 * The T positions cut into blocks. Nothing looks ahead, so of the T x T scores (count - 1) / (2 count) are never computed, and only one block's exist at a
 * time. A single block is the plain T x T attention.
 *
 * @param steps int64 [1], holds T
 * @param positions int64 [T]
 */
export function causalBlocks(g: GraphBuilder, steps: Value, positions: Value, { count, cut }: BlockPlan): CausalBlocks {
  const numbers = Array.from({ length: count }, (_, block) => block);
  if (count === 1) return { count, own: (x) => [x], seen: (x) => [x], masks: causalMasks(g, [positions], [positions]) };
  const number = (value: number): Value => g.constant('int64', [1], [value]);
  const whole = (op: string, a: Value, b: Value): Value => g.node(op, [a, b], 'int64', [1]);
  const evenEnds = (): Value[] => numbers.map((block) => whole('Div', whole('Mul', steps, number(block + 1)), number(count)));
  const leastEnds = (): Value[] => {
    const share = whole('Div', whole('Add', steps, number(count - 1)), number(count));
    const size = whole('Max', share, number(LEAST_QUERIES));
    return numbers.map((block) => whole('Min', whole('Mul', size, number(block + 1)), steps));
  };
  const ends = cut === 'even' ? evenEnds() : leastEnds();
  const sizes = concat(g, ends.map((end, block) => (block === 0 ? end : sub(g, end, ends[block - 1]!))), 0);
  const own = (x: Value, axis: number): readonly Value[] => splitInto(g, x, axis, sizes, numbers.map((block) => `Q${block}`));
  /** Each a slice of the next longer one, so that a gradient passes through every position once a block at most. */
  const seen = (x: Value, axis: number): readonly Value[] => {
    const stretches = [x];
    for (const block of numbers.slice(0, -1).reverse()) stretches.unshift(slice(g, stretches[0]!, axis, number(0), ends[block]!, `K${block}`));
    return stretches;
  };
  return { count, own: (x) => own(x, 1), seen: (x) => seen(x, 2), masks: causalMasks(g, own(positions, 0), seen(positions, 0)) };
}

/** Query i sees key j when j <= i and, with a window, i - j < window. */
function causalMasks(g: GraphBuilder, queries: readonly Value[], keys: readonly Value[]): CausalBlocks['masks'] {
  const known = new Map<number | null, readonly Value[]>();
  return (window) => {
    let masks = known.get(window);
    if (masks === undefined) known.set(window, (masks = queries.map((block, at) => causalMask(g, block, keys[at]!, window))));
    return masks;
  };
}

function causalMask(g: GraphBuilder, queries: Value, keys: Value, window: number | null): Value {
  const shape = [queries.shape[0]!, keys.shape[0]!];
  const distance = g.node('Sub', [unsqueeze(g, queries, 1), unsqueeze(g, keys, 0)], 'int64', shape);
  let visible = g.node('GreaterOrEqual', [distance, g.constant('int64', [], [0])], 'bool', shape);
  if (window !== null) {
    const near = g.node('Less', [distance, g.constant('int64', [], [window])], 'bool', shape);
    visible = g.node('And', [visible, near], 'bool', shape);
  }
  return g.node('Where', [visible, g.constant('float32', [], [0]), g.constant('float32', [], [-Infinity])], 'float32', shape);
}

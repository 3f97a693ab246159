import type { GraphBuilder } from '../builder.js';
import { int, type Value } from '../ir.js';
import { add, cast, div, exp, greaterOrEqual, mul, reshape, scalar, squeeze, sub, unsqueeze } from '../ops.js';

/** Scores [S, L] of S groups of tokens, and each group's in descending order; of equal scores the lower position comes first, as ONNX TopK defines it. */
export interface RankedScores {
  readonly scores: Value;
  /** [S, L] */
  readonly sorted: Value;
  /** int64 [S, L] positions in the group */
  readonly order: Value;
}

/** Below every score of a candidate, and above the -Infinity of what is none. */
export const LOWEST_SCORE = -3.4028234663852886e38;

export function rankScores(g: GraphBuilder, scores: Value): RankedScores {
  const [sorted, order] = g.nodes('TopK', [scores, sizeAt(g, scores, 1)], [{ dtype: 'float32', shape: scores.shape }, { dtype: 'int64', shape: scores.shape }], {
    attributes: { axis: int(-1), largest: int(1), sorted: int(1) },
  });
  return { scores, sorted: sorted!, order: order! };
}

/**
 * The flat positions of the `keep[s]` highest scores of each group: int64 [M], ascending. Scores below `threshold` are never kept; a token that is
 * no candidate has -Infinity, and a finite threshold leaves it out.
 *
 * @param keep int64 [S], from 0 to L
 * @param threshold float32 []
 */
export function selectHighest(g: GraphBuilder, { scores, sorted, order }: RankedScores, keep: Value, threshold: Value): Value {
  const [rows, length] = scores.shape as [string, string];
  const zero = g.constant('int64', [], [0]);
  const one = g.constant('int64', [], [1]);
  const count = (axis: number): Value => g.node('Squeeze', [sizeAt(g, scores, axis), g.constant('int64', [1], [0])], 'int64', []);
  const rank = g.node('Range', [zero, count(1), one], 'int64', [length]);
  const within = g.node('Less', [unsqueeze(g, rank, 0), unsqueeze(g, keep, 1)], 'bool', [rows, length]);
  const kept = g.node('And', [within, greaterOrEqual(g, sorted, threshold)], 'bool', [rows, length]);
  const firstOfRow = mul(g, g.node('Range', [zero, count(0), one], 'int64', [rows]), cast(g, sizeAt(g, scores, 1), 'int64'));
  const flat = add(g, order, unsqueeze(g, firstOfRow, 1));
  const line = (x: Value): Value => reshape(g, x, ['S*L'], [-1]);
  const best = g.node('Compress', [line(flat), line(kept)], 'int64', ['M'], { attributes: { axis: int(0) } });

  // Back to the order of the positions: sums over everything are then those of plain training, bit for bit.
  const unmarked = g.node('ConstantOfShape', [g.node('Shape', [line(flat)], 'int64', [1])], 'float32', ['S*L']);
  const marks = g.node('Expand', [g.constant('float32', [], [1]), g.node('Shape', [best], 'int64', [1])], 'float32', ['M']);
  const marked = g.node('ScatterElements', [unmarked, best, marks], 'float32', ['S*L'], { attributes: { axis: int(0) } });
  return nonZero(g, marked);
}

/**
 * The weight of each token, float32 [S*L]: 1 where it is kept, exp((score - lowest kept score of the group) / temperature) for other candidates,
 * with the threshold in place of that score where it is higher, and 0 for what is no candidate. Inputs as of selectHighest.
 */
export function tokenWeights(g: GraphBuilder, { scores, sorted }: RankedScores, keep: Value, threshold: Value, temperature: number): Value {
  const [rows, length] = scores.shape as [string, string];
  const last = g.node('Max', [sub(g, keep, g.constant('int64', [], [1])), g.constant('int64', [], [0])], 'int64', [rows]);
  const lowestKept = g.node('GatherElements', [sorted, unsqueeze(g, last, 1)], 'float32', [rows, 1], { attributes: { axis: int(1) } });
  const lowest = g.node('Max', [lowestKept, threshold], 'float32', [rows, 1]);
  const lack = g.node('Min', [div(g, sub(g, scores, lowest), scalar(g, temperature)), scalar(g, 0)], 'float32', [rows, length]);
  // The runtime's exp of -Infinity may be a denormal number, and what is no candidate counts nothing at all.
  const isCandidate = greaterOrEqual(g, scores, scalar(g, LOWEST_SCORE));
  const weights = g.node('Where', [isCandidate, exp(g, lack), scalar(g, 0)], 'float32', [rows, length]);
  return reshape(g, weights, ['S*L'], [-1]);
}

/** The positions of x [N] that are not 0: int64 [M], ascending. */
export function nonZero(g: GraphBuilder, x: Value): Value {
  return squeeze(g, g.node('NonZero', [x], 'int64', [1, 'M']), 0);
}

function sizeAt(g: GraphBuilder, x: Value, axis: number): Value {
  const sizes = g.node('Shape', [x], 'int64', [2]);
  return g.node('Gather', [sizes, g.constant('int64', [1], [axis])], 'int64', [1], { attributes: { axis: int(0) } });
}

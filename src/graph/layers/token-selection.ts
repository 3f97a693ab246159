import type { GraphBuilder } from '../builder.js';
import { int, type Value } from '../ir.js';
import { add, cast, greaterOrEqual, mul, reshape, squeeze, unsqueeze } from '../ops.js';

/**
 * The flat positions of the `keep[s]` highest scores of each row s of scores [S, L]: int64 [M], ascending. Of equal scores the
 * lower position wins, as ONNX TopK defines it. Scores below `threshold` are never kept; a token that is no candidate has -Infinity, and a
 * finite threshold leaves it out.
 *
 * @param keep int64 [S], from 0 to L
 * @param threshold float32 []
 */
export function selectHighest(g: GraphBuilder, scores: Value, keep: Value, threshold: Value): Value {
  const [rows, length] = scores.shape as [string, string];
  const sizes = g.node('Shape', [scores], 'int64', [2]);
  const sizeAt = (axis: number): Value => g.node('Gather', [sizes, g.constant('int64', [1], [axis])], 'int64', [1], { attributes: { axis: int(0) } });
  const [sorted, order] = g.nodes('TopK', [scores, sizeAt(1)], [{ dtype: 'float32', shape: scores.shape }, { dtype: 'int64', shape: scores.shape }], {
    attributes: { axis: int(-1), largest: int(1), sorted: int(1) },
  });
  const zero = g.constant('int64', [], [0]);
  const one = g.constant('int64', [], [1]);
  const count = (axis: number): Value => g.node('Squeeze', [sizeAt(axis), g.constant('int64', [1], [0])], 'int64', []);
  const rank = g.node('Range', [zero, count(1), one], 'int64', [length]);
  const within = g.node('Less', [unsqueeze(g, rank, 0), unsqueeze(g, keep, 1)], 'bool', [rows, length]);
  const kept = g.node('And', [within, greaterOrEqual(g, sorted!, threshold)], 'bool', [rows, length]);
  const firstOfRow = mul(g, g.node('Range', [zero, count(0), one], 'int64', [rows]), cast(g, sizeAt(1), 'int64'));
  const flat = add(g, order!, unsqueeze(g, firstOfRow, 1));
  const line = (x: Value): Value => reshape(g, x, ['S*L'], [-1]);
  const best = g.node('Compress', [line(flat), line(kept)], 'int64', ['M'], { attributes: { axis: int(0) } });

  // Back to the order of the positions: sums over everything are then those of plain training, bit for bit.
  const unmarked = g.node('ConstantOfShape', [g.node('Shape', [line(flat)], 'int64', [1])], 'float32', ['S*L']);
  const marks = g.node('Expand', [g.constant('float32', [], [1]), g.node('Shape', [best], 'int64', [1])], 'float32', ['M']);
  const marked = g.node('ScatterElements', [unmarked, best, marks], 'float32', ['S*L'], { attributes: { axis: int(0) } });
  return squeeze(g, g.node('NonZero', [marked], 'int64', [1, 'M']), 0);
}

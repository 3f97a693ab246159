import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import {
  add, cast, concat, exp, gatherColumn, gatherRows, greaterOrEqual, linear, log, logSoftmax, mul, neg, scalar, split, squeeze, sub, sumLast, unsqueeze,
} from '../ops.js';
import type { HeadStats } from './loss-head.js';

/** What is known of the tokens that follow some rows. */
export interface RowScores {
  /** float32 [R, V] */
  readonly logProbs: Value;
  /** float32 [R]: the loss of the token that did follow, in nats. */
  readonly loss: Value;
}

/** The scores of chosen positions (int32 [R], flat in B*T) and the ids that followed them (int32 [R]). */
export type ScoreRows = (rows: Value, targets: Value) => RowScores;

/** K of every graph for CUDA: at 16 to 64 thousand tokens a batch, chunks have the 1 to 4 thousand rows that keep a GPU busy. */
export const HEAD_CHUNKS = 16;

/**
 * The loss head for CUDA: inputs and outputs are those of lossHead, and K is HEAD_CHUNKS. The chunks stand in the graph one after the other; a
 * Scan or Loop would have the host wait for the GPU at each. Rows times V must stay below 2^31 in a chunk, because kernels count elements in 32 bits; the
 * caller sees to it. Peak memory above the weights: two [R, V] float32 arrays and one of the logits' type, one more float32 with entropy or top-1.
 */
export function unrolledLossHead(g: GraphBuilder, stats: HeadStats, score: ScoreRows): void {
  const pieces = (name: string): readonly Value[] => {
    const ones = Array.from({ length: HEAD_CHUNKS }, () => 1);
    return split(g, g.input(name, 'int32', [HEAD_CHUNKS, 'R']), 0, ones).map((piece) => squeeze(g, piece, 0));
  };
  const rows = pieces('rows');
  const targets = pieces('targets');
  const scored = rows.map((chunk, at) => {
    const { logProbs, loss } = score(chunk, targets[at]!);
    return {
      loss,
      entropy: stats.entropy ? neg(g, sumLast(g, mul(g, exp(g, logProbs), logProbs))) : null,
      top1: stats.top1 ? noneAbove(g, logProbs, gatherColumn(g, logProbs, targets[at]!)) : null,
    };
  });
  for (const name of ['loss', 'entropy', 'top1'] as const) {
    const parts = scored.flatMap((chunk) => chunk[name] ?? []).map((part) => unsqueeze(g, part, 0));
    if (parts.length > 0) g.output(name, concat(g, parts, 0));
  }
}

/**
 * bool [R]: whether no entry of a row [V] is above the chosen one of it, which is NaN for none. A ReduceMax would say it with less work, but on CUDA it is cuDNN's, and where
 * that is not installed it refuses.
 */
function noneAbove(g: GraphBuilder, rows: Value, chosen: Value): Value {
  const above = g.node('Greater', [rows, unsqueeze(g, chosen, 1)], 'bool', rows.shape);
  const none = g.node('Equal', [sumLast(g, cast(g, above, 'float32')), scalar(g, 0)], 'bool', chosen.shape);
  return g.node('And', [none, greaterOrEqual(g, chosen, chosen)], 'bool', chosen.shape);
}

/** Scores by logits as they are. `project`: logits [R, V] of hidden rows [R, D]. */
export function scoreByLogits(g: GraphBuilder, hidden: Value, project: (rows: Value) => Value): ScoreRows {
  return (rows, targets) => {
    const logProbs = logSoftmax(g, cast(g, project(gatherRows(g, hidden, rows)), 'float32'));
    return { logProbs, loss: neg(g, gatherColumn(g, logProbs, targets)) };
  };
}

/**
 * Scores by float16 logits, but for the target's, which is taken anew as a float32 product of its two rows.
 *
 * @param normed [B*T, D], after the final norm
 * @param head [V, D]
 */
export function scoreByExactTarget(g: GraphBuilder, normed: Value, head: Value): ScoreRows {
  return (rows, targets) => {
    const chosen = gatherRows(g, normed, rows);
    const exact = sumLast(g, mul(g, cast(g, chosen, 'float32'), cast(g, gatherRows(g, head, targets), 'float32')));
    return exactTarget(g, cast(g, linear(g, chosen, head), 'float32'), targets, exact);
  };
}

/**
 * Scores by logits x' (float32 [R, V]) that were rounded to float16, and the unrounded x of the target (float32 [R]). float16 has a step of 1/64 at a logit of 16
 * to 32: an error of the loss itself where the target's is rounded, while the errors of the others average out in the log-sum-exp. So x takes the place of x' in
 * the sum as well as in front of it:
 *
 *   loss = log(sum over all - exp(x') + exp(x)) - x = a - d + log(1 - p + p exp(d)),   a = log-sum-exp - x', p = exp(-a), d = x - x'
 *
 * With x in front and x' in the sum, the loss of a certain token would come out as low as -1/128. This one cannot be negative but for the last bits of float32, and
 * those are cut off; what is not finite stays so. Entropy and top-1 are those of the rounded logits: tokens that share the highest are all most likely.
 */
export function exactTarget(g: GraphBuilder, logits: Value, targets: Value, exact: Value): RowScores {
  const logProbs = logSoftmax(g, logits);
  const logProb = gatherColumn(g, logProbs, targets);
  const p = exp(g, logProb);
  const d = sub(g, exact, gatherColumn(g, logits, targets));
  const sum = add(g, sub(g, scalar(g, 1), p), mul(g, p, exp(g, d)));
  const loss = sub(g, log(g, sum), add(g, logProb, d));
  const below = g.node('Less', [loss, scalar(g, 0)], 'bool', loss.shape);
  return { logProbs, loss: g.node('Where', [below, scalar(g, 0), loss], 'float32', loss.shape) };
}

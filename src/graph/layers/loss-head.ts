import type { GraphBuilder } from '../builder.js';
import { graphAttribute, int, type Value } from '../ir.js';
import { exp, gatherColumn, gatherRows, greaterOrEqual, logSoftmax, maxLast, mul, neg, sumLast } from '../ops.js';

/** Which outputs the head has besides `loss`. */
export interface HeadStats {
  readonly entropy: boolean;
  readonly top1: boolean;
}

/** Logits [R, V] of hidden rows [R, D]; built inside the given graph. */
export type Project = (body: GraphBuilder, rows: Value) => Value;

/**
 * The losses of chosen positions, without the [positions, V] logits ever existing: a Scan over K chunks of R rows, each of
 * which gathers its hidden rows, projects them to V and keeps one number a row. Positions that need no loss (padding,
 * window overlap) are not gathered, so the most expensive matrix of a small model never sees them.
 *
 * Adds to the graph: inputs `rows` int32 (K, R), flat positions in B*T, and `targets` int32 (K, R), the id that followed each;
 * outputs `loss` float32 (K, R) in nats, and where asked for `entropy` float32 (K, R) in nats and `top1` bool (K, R).
 * Peak memory above the weights: two [R, V] float32 arrays, one more with entropy.
 *
 * @param hidden float32 [B*T, D]
 * @param project final norm included
 */
export function lossHead(g: GraphBuilder, hidden: Value, project: Project, stats: HeadStats): void {
  const rows = g.input('rows', 'int32', ['K', 'R']);
  const targets = g.input('targets', 'int32', ['K', 'R']);

  const body = g.subgraph('head_chunk');
  const chunkRows = body.input('chunk_rows', 'int32', ['R']);
  const chunkTargets = body.input('chunk_targets', 'int32', ['R']);
  const logProbs = logSoftmax(body, project(body, gatherRows(body, hidden, chunkRows)));
  const target = gatherColumn(body, logProbs, chunkTargets);
  body.output('chunk_loss', neg(body, target));
  const names = ['loss'];
  if (stats.entropy) {
    names.push('entropy');
    body.output('chunk_entropy', neg(body, sumLast(body, mul(body, exp(body, logProbs), logProbs))));
  }
  if (stats.top1) {
    names.push('top1');
    body.output('chunk_top1', greaterOrEqual(body, target, maxLast(body, logProbs)));
  }
  const graph = body.build();
  const outputs = graph.outputs.map(({ dtype }) => ({ dtype, shape: ['K', 'R'] }));
  const scanned = g.nodes('Scan', [rows, targets], outputs, {
    attributes: { num_scan_inputs: int(2), body: graphAttribute(graph) },
  });
  names.forEach((name, at) => {
    g.output(name, scanned[at]!);
  });
}

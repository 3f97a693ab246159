import type { ModelSpec, Numerics, WeightRef } from '../records.js';
import { decoder } from './architectures/decoder.js';
import { GraphBuilder } from './builder.js';
import type { Graph } from './ir.js';
import { blocksFor } from './layers/causal-blocks.js';
import { lossHead, type HeadStats } from './layers/loss-head.js';
import { sequence } from './layers/sequence.js';
import { checkpointWeights } from './weights.js';

export interface ScoringGraphOptions {
  readonly spec: ModelSpec;
  readonly weights: ReadonlyMap<string, WeightRef>;
  /** Longest T a batch may have. */
  readonly contextLength: number;
  readonly stats: HeadStats;
  /** Default: float32 on the CPU. */
  readonly numerics?: Numerics;
}

/**
 * The graph that turns a batch into losses. Inputs: `input_ids` int32 (B, T), right-padded with any id, and the loss head's
 * `rows` and `targets` int32 (K, R). Outputs: `loss` (K, R) in nats, and `entropy`, `top1` where asked for.
 * Losses do not depend on padding or on the other sequences of the batch: attention is causal, and everything else is per row.
 *
 * @throws TouchstoneError if the checkpoint lacks a tensor, holds one of another shape, or holds one the architecture never reads
 */
export function buildScoringGraph({ spec, weights: refs, contextLength, stats }: ScoringGraphOptions): Graph {
  const g = new GraphBuilder(`score_${spec.modelType}`);
  const grid = sequence(g, g.input('input_ids', 'int32', ['B', 'T']), { count: blocksFor(contextLength), cut: 'least' });
  const weights = checkpointWeights(g, refs);
  const { hidden, project } = decoder(g, grid, spec, weights, contextLength);
  lossHead(g, hidden, project, stats);
  weights.assertAllUsed();
  return g.build();
}

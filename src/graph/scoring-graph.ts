import type { ModelSpec, Numerics, WeightRef } from '../records.js';
import { decoder } from './architectures/decoder.js';
import { fusedDecoder } from './architectures/fused/fused-decoder.js';
import { GraphBuilder } from './builder.js';
import type { Graph } from './ir.js';
import { blocksFor } from './layers/causal-blocks.js';
import { int8Matrices, type Int8Options } from './layers/int8-matrices.js';
import { lossHead, type HeadStats } from './layers/loss-head.js';
import { floatMatrices } from './layers/matrices.js';
import { sequence } from './layers/sequence.js';
import { scoreByExactTarget, scoreByLogits, unrolledLossHead } from './layers/unrolled-loss-head.js';
import { checkpointWeights, type BodyType } from './weights.js';

export interface ScoringGraphOptions {
  readonly spec: ModelSpec;
  readonly weights: ReadonlyMap<string, WeightRef>;
  /** Longest T a batch may have. */
  readonly contextLength: number;
  readonly stats: HeadStats;
  /** Default: float32 on the CPU. */
  readonly numerics?: Numerics;
  /** For int8: the form of the weights, which decides the speed and no bit of a loss. Default 'unsigned', which is exact on every machine. */
  readonly int8Weights?: Int8Options['weights'];
}

/**
 * The graph that turns a batch into losses. Inputs: `input_ids` int32 (B, T), right-padded with any id, and the loss head's
 * `rows` and `targets` int32 (K, R). Outputs: `loss` float32 (K, R) in nats, and `entropy`, `top1` where asked for.
 * Losses do not depend on padding or on the other sequences of the batch: attention is causal, and everything else is per row.
 *
 * For CUDA the head is unrolled, and K is HEAD_CHUNKS. In float16 the decoder is one of fused operators as well. In float32 it is that of the CPU, because
 * GroupQueryAttention has no float32 kernel on CUDA, and keeps its blocks of attention: whole scores of 16 sequences of 2048 tokens and 32 heads would take
 * 8.6 GB a copy.
 *
 * @throws TouchstoneError if the checkpoint lacks a tensor, holds one of another shape, or holds one the architecture never reads
 */
export function buildScoringGraph(options: ScoringGraphOptions): Graph {
  const { spec, weights: refs, contextLength, stats, numerics = { precision: 'float32', device: 'cpu' }, int8Weights = 'unsigned' } = options;
  if (numerics.precision === 'float16') return buildFusedScoringGraph(options, 'float16');
  const g = new GraphBuilder(`score_${spec.modelType}`);
  const grid = sequence(g, g.input('input_ids', 'int32', ['B', 'T']), { count: blocksFor(contextLength), cut: 'least' });
  const weights = checkpointWeights(g, refs);
  const matrices = numerics.precision === 'int8' ? int8Matrices(g, { weights: int8Weights }) : floatMatrices;
  const { hidden, project } = decoder(g, grid, spec, weights, contextLength, matrices);
  if (numerics.device === 'cpu') lossHead(g, hidden, project, stats);
  else unrolledLossHead(g, stats, scoreByLogits(g, hidden, (rows) => project(g, rows)));
  weights.assertAllUsed();
  return g.build();
}

/** The float16 graph for CUDA, or the same in float32, which is no graph to score with but one to compare with others. */
export function buildFusedScoringGraph({ spec, weights: refs, contextLength, stats }: ScoringGraphOptions, type: BodyType): Graph {
  const g = new GraphBuilder(`score_${spec.modelType}`);
  const grid = sequence(g, g.input('input_ids', 'int32', ['B', 'T']));
  const weights = checkpointWeights(g, refs, type);
  const { normed, head } = fusedDecoder(g, grid, spec, weights, contextLength, type);
  unrolledLossHead(g, stats, scoreByExactTarget(g, normed, head));
  weights.assertAllUsed();
  return g.build();
}

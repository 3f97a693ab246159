import type { ModelSpec } from '../records.js';
import { decoder } from './architectures/decoder.js';
import { GraphBuilder } from './builder.js';
import type { Graph } from './ir.js';
import { lossHead } from './layers/loss-head.js';
import { sequence } from './layers/sequence.js';
import { parameterValues } from './weights.js';

/**
 * The losses of a model whose parameters are inputs, as they are while it is trained. Inputs: the parameters by name, and those of
 * buildScoringGraph; output: `loss` float32 (K, R) in nats.
 */
export function buildEvaluationGraph(spec: ModelSpec, contextLength: number): Graph {
  const g = new GraphBuilder(`evaluate_${spec.modelType}`);
  const grid = sequence(g, g.input('input_ids', 'int32', ['B', 'T']));
  const { hidden, project } = decoder(g, grid, spec, parameterValues((name, shape) => g.input(name, 'float32', shape)), contextLength);
  lossHead(g, hidden, project, { entropy: false, top1: false });
  return g.build();
}

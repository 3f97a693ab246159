import type { Gpt2Spec } from '../../records.js';
import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import { attention } from '../layers/attention.js';
import type { Matrices } from '../layers/matrices.js';
import { activate } from '../layers/mlp.js';
import { POSITIONS, type Sequence } from '../layers/sequence.js';
import { add, gatherRows, layerNorm, reshape, split } from '../ops.js';
import type { Weights } from '../weights.js';
import type { Decoder } from './decoder-parts.js';

/** GPT-2. https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf */
export function gpt2(g: GraphBuilder, grid: Sequence, spec: Gpt2Spec, weights: Weights, matrices: Matrices): Decoder {
  const { hiddenSize, vocabSize, weightPrefix: prefix } = spec;
  const tokens = weights.take(`${prefix}wte.weight`, [vocabSize, hiddenSize]);
  const places = weights.take(`${prefix}wpe.weight`, [spec.maxPositions, hiddenSize]);
  const embedded = add(g, grid.toGrid(gatherRows(g, tokens, grid.flatIds)), gatherRows(g, places, grid.positions));
  let hidden = reshape(g, embedded, [POSITIONS, hiddenSize], [-1, hiddenSize]);
  for (let layer = 0; layer < spec.layers; layer++) hidden = block(g, grid, spec, weights, matrices, `${prefix}h.${layer}`, hidden);

  const norm = weights.take(`${prefix}ln_f.weight`, [hiddenSize]);
  const normBias = weights.take(`${prefix}ln_f.bias`, [hiddenSize]);
  const head = matrices.linear(spec.tiedHead ? tokens : weights.take('lm_head.weight', [vocabSize, hiddenSize]));
  return {
    hidden,
    project: (body, rows) => head(body, layerNorm(body, rows, norm, normBias, spec.normEpsilon)),
  };
}

function block(g: GraphBuilder, grid: Sequence, spec: Gpt2Spec, weights: Weights, matrices: Matrices, name: string, x: Value): Value {
  const { hiddenSize, intermediateSize, heads } = spec;
  const headDim = hiddenSize / heads;
  const dense = (part: string, rows: Value, inputs: number, outputs: number, spikes = false): Value =>
    matrices.conv1d(weights.take(`${name}.${part}.weight`, [inputs, outputs]), { bias: weights.take(`${name}.${part}.bias`, [outputs]), spikes })(g, rows);
  const norm = (part: string, rows: Value): Value =>
    layerNorm(g, rows, weights.take(`${name}.${part}.weight`, [hiddenSize]), weights.take(`${name}.${part}.bias`, [hiddenSize]), spec.normEpsilon);

  const fused = dense('attn.c_attn', norm('ln_1', x), hiddenSize, 3 * hiddenSize);
  const [q, k, v] = split(g, fused, 1, [hiddenSize, hiddenSize, hiddenSize]).map((part) => grid.toHeads(part, heads, headDim));
  const attended = add(g, x, dense('attn.c_proj', attention(g, grid, q!, k!, v!, { window: null }), hiddenSize, hiddenSize));
  const inner = activate(g, dense('mlp.c_fc', norm('ln_2', attended), hiddenSize, intermediateSize), spec.activation);
  return add(g, attended, dense('mlp.c_proj', inner, intermediateSize, hiddenSize, true));
}

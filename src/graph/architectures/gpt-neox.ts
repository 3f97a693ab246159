import type { GptNeoxSpec } from '../../records.js';
import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import { attention } from '../layers/attention.js';
import type { Matrices } from '../layers/matrices.js';
import { activate } from '../layers/mlp.js';
import { rotary, rotaryTables, type RotaryTables } from '../layers/rotary.js';
import { POSITIONS, type Sequence } from '../layers/sequence.js';
import { add, gatherRows, layerNorm, reshape, split } from '../ops.js';
import type { Weights } from '../weights.js';
import type { Decoder } from './decoder-parts.js';

/** GPT-NeoX and Pythia. https://arxiv.org/abs/2204.06745 */
export function gptNeox(g: GraphBuilder, grid: Sequence, spec: GptNeoxSpec, weights: Weights, matrices: Matrices, positions: number): Decoder {
  const { hiddenSize, vocabSize } = spec;
  const tables = rotaryTables(g, spec.rotary, positions);
  const embedding = weights.take('gpt_neox.embed_in.weight', [vocabSize, hiddenSize]);
  let hidden = gatherRows(g, embedding, grid.flatIds);
  for (let layer = 0; layer < spec.layers; layer++) hidden = block(g, grid, spec, weights, matrices, tables, `gpt_neox.layers.${layer}`, hidden);

  const norm = weights.take('gpt_neox.final_layer_norm.weight', [hiddenSize]);
  const normBias = weights.take('gpt_neox.final_layer_norm.bias', [hiddenSize]);
  const head = matrices.linear(spec.tiedHead ? embedding : weights.take('embed_out.weight', [vocabSize, hiddenSize]));
  return {
    hidden,
    project: (body, rows) => head(body, layerNorm(body, rows, norm, normBias, spec.normEpsilon)),
  };
}

function block(g: GraphBuilder, grid: Sequence, spec: GptNeoxSpec, weights: Weights, matrices: Matrices, tables: RotaryTables, name: string, x: Value): Value {
  const { hiddenSize, intermediateSize, heads } = spec;
  const headDim = hiddenSize / heads;
  const dense = (part: string, rows: Value, inputs: number, outputs: number, biased: boolean, spikes = false): Value =>
    matrices.linear(weights.take(`${name}.${part}.weight`, [outputs, inputs]), { bias: biased ? weights.take(`${name}.${part}.bias`, [outputs]) : null, spikes })(g, rows);
  const norm = (part: string, rows: Value): Value =>
    layerNorm(g, rows, weights.take(`${name}.${part}.weight`, [hiddenSize]), weights.take(`${name}.${part}.bias`, [hiddenSize]), spec.normEpsilon);
  const mlp = (rows: Value): Value => {
    const inner = activate(g, dense('mlp.dense_h_to_4h', rows, hiddenSize, intermediateSize, true), spec.activation);
    return dense('mlp.dense_4h_to_h', inner, intermediateSize, hiddenSize, true, true);
  };

  // The fused matrix interleaves per head: query, key, value of head 0, then of head 1, ...
  const fused = grid.toHeads(dense('attention.query_key_value', norm('input_layernorm', x), hiddenSize, 3 * hiddenSize, spec.attentionBias), heads, 3 * headDim);
  const [q, k, v] = split(g, fused, 3, [headDim, headDim, headDim]);
  const rotate = (part: Value): Value => rotary(g, grid, tables, reshape(g, part, [POSITIONS, hiddenSize], [-1, hiddenSize]), heads, headDim);
  const mixed = attention(g, grid, rotate(q!), rotate(k!), v!, { window: null });
  const attended = dense('attention.dense', mixed, hiddenSize, hiddenSize, spec.attentionBias);
  const residual = add(g, x, attended);
  const second = norm('post_attention_layernorm', spec.parallelResidual ? x : residual);
  return add(g, residual, mlp(second));
}

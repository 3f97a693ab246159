import type { LlamaSpec } from '../../records.js';
import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';
import { attention } from '../layers/attention.js';
import type { Matrices, Matrix } from '../layers/matrices.js';
import { swiGlu } from '../layers/mlp.js';
import { rotary, rotaryTables, type RotaryTables } from '../layers/rotary.js';
import { POSITIONS, type Sequence } from '../layers/sequence.js';
import { add, gatherRows, reshape, rmsNorm } from '../ops.js';
import type { Weights } from '../weights.js';
import type { Decoder } from './decoder-parts.js';

/** Llama, Mistral, Qwen2 and Qwen3. */
export function llama(g: GraphBuilder, grid: Sequence, spec: LlamaSpec, weights: Weights, matrices: Matrices, positions: number): Decoder {
  const embedding = weights.take('model.embed_tokens.weight', [spec.vocabSize, spec.hiddenSize]);
  const tables = rotaryTables(g, spec.rotary, positions);
  let hidden = gatherRows(g, embedding, grid.flatIds);
  for (let layer = 0; layer < spec.layers; layer++) hidden = block(g, grid, spec, weights, matrices, tables, layer, hidden);

  const norm = weights.take('model.norm.weight', [spec.hiddenSize]);
  const head = matrices.linear(spec.tiedHead ? embedding : weights.take('lm_head.weight', [spec.vocabSize, spec.hiddenSize]));
  return {
    hidden,
    project: (body, rows) => head(body, rmsNorm(body, rows, norm, spec.normEpsilon)),
  };
}

function block(g: GraphBuilder, grid: Sequence, spec: LlamaSpec, weights: Weights, matrices: Matrices, tables: RotaryTables, layer: number, x: Value): Value {
  const name = `model.layers.${layer}`;
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = spec;
  const matrix = (part: string, outputs: number, inputs: number, biased: boolean, spikes = false): Matrix =>
    matrices.linear(weights.take(`${name}.${part}.weight`, [outputs, inputs]), { bias: biased ? weights.take(`${name}.${part}.bias`, [outputs]) : null, spikes });
  const norm = (part: string, rows: Value): Value => rmsNorm(g, rows, weights.take(`${name}.${part}.weight`, [hiddenSize]), spec.normEpsilon);
  const project = (part: string, rows: Value, count: number): Value => matrix(`self_attn.${part}_proj`, count * headDim, hiddenSize, spec.attentionBias.qkv)(g, rows);
  /** Qwen3 normalises each query and key head before the rotation. */
  const headNorm = (part: string, rows: Value, count: number): Value => {
    if (!spec.qkNorm) return rows;
    const weight = weights.take(`${name}.self_attn.${part}_norm.weight`, [headDim]);
    const perHead = reshape(g, rows, ['B*T*H', headDim], [-1, headDim]);
    return reshape(g, rmsNorm(g, perHead, weight, spec.normEpsilon), [POSITIONS, count * headDim], [-1, count * headDim]);
  };

  const normed = norm('input_layernorm', x);
  const q = rotary(g, grid, tables, headNorm('q', project('q', normed, heads), heads), heads, headDim);
  const k = rotary(g, grid, tables, headNorm('k', project('k', normed, kvHeads), kvHeads), kvHeads, headDim);
  const v = grid.toHeads(project('v', normed, kvHeads), kvHeads, headDim);
  const mixed = attention(g, grid, q, k, v, { window: spec.slidingWindow[layer] ?? null });
  const out = matrix('self_attn.o_proj', hiddenSize, heads * headDim, spec.attentionBias.output);
  const attended = add(g, x, out(g, mixed));

  const gate = matrix('mlp.gate_proj', intermediateSize, hiddenSize, spec.mlpBias);
  const up = matrix('mlp.up_proj', intermediateSize, hiddenSize, spec.mlpBias);
  const down = matrix('mlp.down_proj', hiddenSize, intermediateSize, spec.mlpBias, true);
  return add(g, attended, swiGlu(g, norm('post_attention_layernorm', attended), gate, up, down));
}

import type { GptNeoxSpec } from '../../../records.js';
import type { GraphBuilder } from '../../builder.js';
import type { Value } from '../../ir.js';
import { fusedAttention, type FusedAttention } from '../../layers/fused-attention.js';
import { activateBiased } from '../../layers/mlp.js';
import { normalised, type NormWeights, type ResidualStream } from '../../layers/residual-stream.js';
import type { Sequence } from '../../layers/sequence.js';
import { add, gatherRows, layerNorm, linear, reshape, transpose } from '../../ops.js';
import type { BodyType, Weights } from '../../weights.js';
import type { BiasedMatrix, FusedDecoder } from './fused-parts.js';

/** GPT-NeoX and Pythia in fused operators. */
export function fusedGptNeox(g: GraphBuilder, grid: Sequence, spec: GptNeoxSpec, weights: Weights, positions: number, type: BodyType): FusedDecoder {
  const { hiddenSize, vocabSize, heads } = spec;
  const embedding = weights.take('gpt_neox.embed_in.weight', [vocabSize, hiddenSize]);
  const attend = fusedAttention(g, grid, { heads, kvHeads: heads, size: hiddenSize / heads }, spec.rotary, positions, type);
  let stream: ResidualStream = { sum: gatherRows(g, embedding, grid.flatIds), branch: null };
  for (let layer = 0; layer < spec.layers; layer++) stream = block(g, spec, weights, attend, `gpt_neox.layers.${layer}`, stream);

  const norm: NormWeights = {
    weight: weights.take('gpt_neox.final_layer_norm.weight', [hiddenSize]),
    shift: weights.take('gpt_neox.final_layer_norm.bias', [hiddenSize]),
  };
  return {
    normed: normalised(g, stream, norm, spec.normEpsilon).normed,
    head: spec.tiedHead ? embedding : weights.take('embed_out.weight', [vocabSize, hiddenSize]),
  };
}

function block(g: GraphBuilder, spec: GptNeoxSpec, weights: Weights, attend: FusedAttention, name: string, stream: ResidualStream): ResidualStream {
  const { hiddenSize, intermediateSize, heads, normEpsilon } = spec;
  const matrix = (part: string, inputs: number, outputs: number, biased: boolean): BiasedMatrix => ({
    weight: weights.take(`${name}.${part}.weight`, [outputs, inputs]),
    bias: biased ? weights.take(`${name}.${part}.bias`, [outputs]) : null,
  });
  const norm = (part: string) => ({ weight: weights.take(`${name}.${part}.weight`, [hiddenSize]), shift: weights.take(`${name}.${part}.bias`, [hiddenSize]) });
  const mlp = (rows: Value): { rows: Value; bias: Value } => {
    const wide = matrix('mlp.dense_h_to_4h', hiddenSize, intermediateSize, true);
    const narrow = matrix('mlp.dense_4h_to_h', intermediateSize, hiddenSize, true);
    return { rows: linear(g, activateBiased(g, linear(g, rows, wide.weight), wide.bias!, spec.activation), narrow.weight), bias: narrow.bias! };
  };

  const before = normalised(g, stream, norm('input_layernorm'), normEpsilon);
  const fused = matrix('attention.query_key_value', hiddenSize, 3 * hiddenSize, spec.attentionBias);
  const bias = fused.bias === null ? null : apart(g, fused.bias, heads);
  const mixed = attend({ kind: 'packed', rows: linear(g, before.normed, apart(g, fused.weight, heads), bias) }, null);
  const out = matrix('attention.dense', hiddenSize, hiddenSize, spec.attentionBias);

  if (!spec.parallelResidual) {
    const after = normalised(g, { sum: before.sum, branch: { rows: linear(g, mixed, out.weight), bias: out.bias } }, norm('post_attention_layernorm'), normEpsilon);
    return { sum: after.sum, branch: mlp(after.normed) };
  }
  const second = norm('post_attention_layernorm');
  const inner = mlp(layerNorm(g, before.sum, second.weight, second.shift, normEpsilon));
  const sum = add(g, before.sum, linear(g, mixed, out.weight));
  return { sum, branch: { rows: inner.rows, bias: out.bias === null ? inner.bias : add(g, inner.bias, out.bias) } };
}

/**
 * Rows that lie query, key, value of head 0, then of head 1, ... as those of all queries, all keys, all values. Of a constant onnxruntime does it once, when it
 * loads the graph.
 */
function apart(g: GraphBuilder, x: Value, heads: number): Value {
  const [rows, ...columns] = x.shape as number[];
  const size = rows! / (3 * heads);
  const byHead = [heads, 3, size, ...columns];
  const order = byHead.map((_, axis) => (axis < 2 ? 1 - axis : axis));
  return reshape(g, transpose(g, reshape(g, x, byHead, byHead), order), x.shape, x.shape as number[]);
}

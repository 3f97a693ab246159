import type { Gpt2Spec } from '../../../records.js';
import type { GraphBuilder } from '../../builder.js';
import { fusedAttention, type FusedAttention } from '../../layers/fused-attention.js';
import { activateBiased } from '../../layers/mlp.js';
import { normalised, type NormWeights, type ResidualStream } from '../../layers/residual-stream.js';
import { POSITIONS, type Sequence } from '../../layers/sequence.js';
import { add, conv1d, gatherRows, reshape, slice } from '../../ops.js';
import type { BodyType, Weights } from '../../weights.js';
import type { FusedDecoder } from './fused-parts.js';

/** GPT-2 in fused operators. */
export function fusedGpt2(g: GraphBuilder, grid: Sequence, spec: Gpt2Spec, weights: Weights, positions: number, type: BodyType): FusedDecoder {
  const { hiddenSize, vocabSize, heads, weightPrefix: prefix } = spec;
  const tokens = weights.take(`${prefix}wte.weight`, [vocabSize, hiddenSize]);
  const places = weights.take(`${prefix}wpe.weight`, [spec.maxPositions, hiddenSize]);
  // Gathered by their numbers, onnxruntime makes a Slice of it by itself, whose bounds it keeps on the device: a wait for each of them at every run.
  const placed = slice(g, places, 0, g.constant('int64', [1], [0]), grid.steps, 'T');
  const embedded = add(g, grid.toGrid(gatherRows(g, tokens, grid.flatIds)), placed);
  const attend = fusedAttention(g, grid, { heads, kvHeads: heads, size: hiddenSize / heads }, null, positions, type);
  let stream: ResidualStream = { sum: reshape(g, embedded, [POSITIONS, hiddenSize], [-1, hiddenSize]), branch: null };
  for (let layer = 0; layer < spec.layers; layer++) stream = block(g, spec, weights, attend, `${prefix}h.${layer}`, stream);

  const norm: NormWeights = { weight: weights.take(`${prefix}ln_f.weight`, [hiddenSize]), shift: weights.take(`${prefix}ln_f.bias`, [hiddenSize]) };
  return {
    normed: normalised(g, stream, norm, spec.normEpsilon).normed,
    head: spec.tiedHead ? tokens : weights.take('lm_head.weight', [vocabSize, hiddenSize]),
  };
}

function block(g: GraphBuilder, spec: Gpt2Spec, weights: Weights, attend: FusedAttention, name: string, stream: ResidualStream): ResidualStream {
  const { hiddenSize, intermediateSize } = spec;
  const matrix = (part: string, inputs: number, outputs: number) => ({
    weight: weights.take(`${name}.${part}.weight`, [inputs, outputs]),
    bias: weights.take(`${name}.${part}.bias`, [outputs]),
  });
  const norm = (part: string): NormWeights => ({
    weight: weights.take(`${name}.${part}.weight`, [hiddenSize]),
    shift: weights.take(`${name}.${part}.bias`, [hiddenSize]),
  });

  const before = normalised(g, stream, norm('ln_1'), spec.normEpsilon);
  const qkv = matrix('attn.c_attn', hiddenSize, 3 * hiddenSize);
  const mixed = attend({ kind: 'packed', rows: conv1d(g, before.normed, qkv.weight, qkv.bias) }, null);
  const out = matrix('attn.c_proj', hiddenSize, hiddenSize);

  const after = normalised(g, { sum: before.sum, branch: { rows: conv1d(g, mixed, out.weight), bias: out.bias } }, norm('ln_2'), spec.normEpsilon);
  const wide = matrix('mlp.c_fc', hiddenSize, intermediateSize);
  const narrow = matrix('mlp.c_proj', intermediateSize, hiddenSize);
  const inner = activateBiased(g, conv1d(g, after.normed, wide.weight), wide.bias, spec.activation);
  return { sum: after.sum, branch: { rows: conv1d(g, inner, narrow.weight), bias: narrow.bias } };
}

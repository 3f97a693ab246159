import type { LlamaSpec } from '../../../records.js';
import type { GraphBuilder } from '../../builder.js';
import type { Value } from '../../ir.js';
import { fusedAttention, type FusedAttention, type Projections } from '../../layers/fused-attention.js';
import { floatMatrices, type Matrix } from '../../layers/matrices.js';
import { swiGlu } from '../../layers/mlp.js';
import { normalised, type NormWeights, type ResidualStream } from '../../layers/residual-stream.js';
import { POSITIONS, type Sequence } from '../../layers/sequence.js';
import { concat, gatherRows, linear, reshape, rmsNorm } from '../../ops.js';
import type { BodyType, Weights } from '../../weights.js';
import type { BiasedMatrix, FusedDecoder } from './fused-parts.js';

/** Llama, Mistral, Qwen2 and Qwen3 in fused operators. */
export function fusedLlama(g: GraphBuilder, grid: Sequence, spec: LlamaSpec, weights: Weights, positions: number, type: BodyType): FusedDecoder {
  const { hiddenSize, heads, kvHeads, headDim } = spec;
  const embedding = weights.take('model.embed_tokens.weight', [spec.vocabSize, hiddenSize]);
  const attend = fusedAttention(g, grid, { heads, kvHeads, size: headDim }, spec.rotary, positions, type);
  let stream: ResidualStream = { sum: gatherRows(g, embedding, grid.flatIds), branch: null };
  for (let layer = 0; layer < spec.layers; layer++) stream = block(g, spec, weights, attend, layer, stream);

  const norm: NormWeights = { weight: weights.take('model.norm.weight', [hiddenSize]), shift: null };
  return {
    normed: normalised(g, stream, norm, spec.normEpsilon).normed,
    head: spec.tiedHead ? embedding : weights.take('lm_head.weight', [spec.vocabSize, hiddenSize]),
  };
}

function block(g: GraphBuilder, spec: LlamaSpec, weights: Weights, attend: FusedAttention, layer: number, stream: ResidualStream): ResidualStream {
  const name = `model.layers.${layer}`;
  const { hiddenSize, intermediateSize, heads, kvHeads, headDim } = spec;
  const matrix = (part: string, outputs: number, inputs: number, biased: boolean): BiasedMatrix => ({
    weight: weights.take(`${name}.${part}.weight`, [outputs, inputs]),
    bias: biased ? weights.take(`${name}.${part}.bias`, [outputs]) : null,
  });
  const norm = (part: string): NormWeights => ({ weight: weights.take(`${name}.${part}.weight`, [hiddenSize]), shift: null });
  const projection = (part: string, count: number): BiasedMatrix => matrix(`self_attn.${part}_proj`, count * headDim, hiddenSize, spec.attentionBias.qkv);
  /** Qwen3 normalises each query and key head before the rotation. */
  const headNorm = (part: string, rows: Value, count: number): Value => {
    const weight = weights.take(`${name}.self_attn.${part}_norm.weight`, [headDim]);
    const perHead = reshape(g, rows, ['B*T*H', headDim], [-1, headDim]);
    return reshape(g, rmsNorm(g, perHead, weight, spec.normEpsilon), [POSITIONS, count * headDim], [-1, count * headDim]);
  };

  const before = normalised(g, stream, norm('input_layernorm'), spec.normEpsilon);
  const parts = [projection('q', heads), projection('k', kvHeads), projection('v', kvHeads)] as const;
  const projected = (): Projections => {
    if (!spec.qkNorm) return { kind: 'packed', rows: linear(g, before.normed, concat(g, parts.map(({ weight }) => weight), 0), biasOf(g, parts)) };
    const [q, k, v] = parts.map(({ weight, bias }) => linear(g, before.normed, weight, bias));
    return { kind: 'apart', q: headNorm('q', q!, heads), k: headNorm('k', k!, kvHeads), v: v! };
  };
  const mixed = attend(projected(), spec.slidingWindow[layer] ?? null);
  const out = matrix('self_attn.o_proj', hiddenSize, heads * headDim, spec.attentionBias.output);

  const branch = { rows: linear(g, mixed, out.weight), bias: out.bias };
  const after = normalised(g, { sum: before.sum, branch }, norm('post_attention_layernorm'), spec.normEpsilon);
  // One product for both and a Split of it would move 4 values of the wide rows through memory to save one of the narrow ones.
  const gate = matrix('mlp.gate_proj', intermediateSize, hiddenSize, spec.mlpBias);
  const up = matrix('mlp.up_proj', intermediateSize, hiddenSize, spec.mlpBias);
  const down = matrix('mlp.down_proj', hiddenSize, intermediateSize, spec.mlpBias);
  const product = ({ weight }: BiasedMatrix, bias: Value | null): Matrix => floatMatrices.linear(weight, { bias });
  return { sum: after.sum, branch: { rows: swiGlu(g, after.normed, product(gate, gate.bias), product(up, up.bias), product(down, null)), bias: down.bias } };
}

/** The biases of several matrices as one; null where they have none. */
function biasOf(g: GraphBuilder, parts: readonly BiasedMatrix[]): Value | null {
  const biases = parts.flatMap(({ bias }) => (bias === null ? [] : [bias]));
  return biases.length === 0 ? null : concat(g, biases, 0);
}

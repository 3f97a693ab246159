import { TouchstoneError } from '../errors.js';
import { normalDraws } from '../math/normal-draws.js';
import type { ModelSpec } from '../records.js';
import { elementCount, type TensorShape } from './float-tensor.js';

export interface InitialWeightsOptions {
  readonly spec: ModelSpec;
  /** Standard deviation of matrices and embeddings; initializer_range of config.json. */
  readonly initializerRange: number;
  /** The token whose embedding starts at zero, as with pad_token_id in transformers; null = none. */
  readonly padTokenId: number | null;
  readonly seed: string;
  /** Every parameter of the model, by its Hugging Face name. */
  readonly parameters: readonly TensorShape[];
}

/**
 * The weights of a new model, from the distributions transformers draws them from: matrices and embeddings normal(0, initializerRange), biases zero,
 * norms one; GPT-2's projections onto the residual stream are narrower by sqrt(2 * layers), as its paper says. Each tensor has a stream of draws of
 * its own, named by seed and tensor: equal on every machine, whatever the order of the list or the other tensors are.
 */
export function initialWeights(options: InitialWeightsOptions): Map<string, Float32Array<ArrayBuffer>> {
  return new Map(options.parameters.map((parameter) => [parameter.name, initialTensor(parameter, options)]));
}

function initialTensor({ name, shape }: TensorShape, { spec, initializerRange, padTokenId, seed }: InitialWeightsOptions): Float32Array<ArrayBuffer> {
  const values = new Float32Array(elementCount(shape));
  if (name.endsWith('.bias')) return values;
  if (NORM_WEIGHT.test(name)) return values.fill(1);
  if (shape.length !== 2) {
    throw new TouchstoneError('internal', `parameter ${name} must be a bias, a norm or a matrix to have an initial value, found shape [${shape.join(', ')}]`);
  }
  const deviation = isResidualProjection(spec, name) ? initializerRange / Math.sqrt(2 * spec.layers) : initializerRange;
  const draw = normalDraws(`${seed}/${name}`);
  for (let at = 0; at < values.length; at++) values[at] = deviation * draw();
  if (padTokenId !== null && name === paddedEmbedding(spec)) {
    const width = shape[1]!;
    values.fill(0, padTokenId * width, (padTokenId + 1) * width);
  }
  return values;
}

/** input_layernorm, post_attention_layernorm, final_layer_norm, q_norm, k_norm, model.norm; ln_1, ln_2, ln_f of GPT-2. */
const NORM_WEIGHT = /(^|\.)(\w*norm|ln_\w+)\.weight$/;

function isResidualProjection(spec: ModelSpec, name: string): boolean {
  return spec.family === 'gpt2' && name.endsWith('.c_proj.weight');
}

/** The embedding that transformers builds with a padding_idx. */
function paddedEmbedding(spec: ModelSpec): string | undefined {
  return spec.family === 'llama' ? 'model.embed_tokens.weight' : undefined;
}

import { TouchstoneError } from '../errors.js';
import type { LlamaSpec } from '../records.js';
import { activation } from './activation.js';
import type { ConfigFields } from './config-fields.js';
import { describe } from './json-object.js';
import { rotarySpec } from './rotary.js';
import { unsupported } from './unsupported.js';

/** What the four architectures that share LlamaSpec do differently; defaults are those of transformers' configuration classes. */
interface Variant {
  /** Key heads where num_key_value_heads is missing; null: as many as query heads. Where it is null they all take the query heads. */
  readonly defaultKvHeads: number | null;
  /** Head size where head_dim is missing; null: hidden size over heads. */
  readonly defaultHeadDim: number | null;
  readonly attentionBias: (config: ConfigFields) => LlamaSpec['attentionBias'];
  readonly mlpBias: (config: ConfigFields) => boolean;
  readonly qkNorm: boolean;
  readonly slidingWindow: (config: ConfigFields, layers: number) => LlamaSpec['slidingWindow'];
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  llama: {
    defaultKvHeads: null,
    defaultHeadDim: null,
    attentionBias: everywhere,
    mlpBias: (config) => config.flag('mlp_bias', false),
    qkNorm: false,
    slidingWindow: noWindow,
  },
  mistral: {
    defaultKvHeads: 8,
    defaultHeadDim: null,
    attentionBias: (config) => refused(config, 'attention_bias', { qkv: false, output: false }),
    mlpBias: (config) => refused(config, 'mlp_bias', false),
    qkNorm: false,
    slidingWindow: oneWindow,
  },
  qwen2: {
    defaultKvHeads: 32,
    defaultHeadDim: null,
    attentionBias: (config) => refused(config, 'attention_bias', { qkv: true, output: false }),
    mlpBias: (config) => refused(config, 'mlp_bias', false),
    qkNorm: false,
    slidingWindow: windowFromLayer,
  },
  qwen3: {
    defaultKvHeads: 32,
    defaultHeadDim: 128,
    attentionBias: everywhere,
    mlpBias: (config) => refused(config, 'mlp_bias', false),
    qkNorm: true,
    slidingWindow: windowFromLayer,
  },
};

export const LLAMA_MODEL_TYPES: readonly string[] = Object.keys(VARIANTS);

/** The spec of a Llama, Mistral, Qwen2 or Qwen3 config.json. Throws where it asks for anything the spec cannot express. */
export function llamaSpec(config: ConfigFields, modelType: string): LlamaSpec {
  const variant = VARIANTS[modelType];
  if (variant === undefined) throw new TouchstoneError('internal', `${modelType} must be one of ${LLAMA_MODEL_TYPES.join(', ')}`);
  activation(config, 'hidden_act', 'silu', ['silu']);
  const hiddenSize = config.size('hidden_size');
  const heads = config.size('num_attention_heads');
  const kvHeads = config.sizeOrNull('num_key_value_heads', variant.defaultKvHeads) ?? heads;
  if (heads % kvHeads !== 0) {
    throw unsupported(config.subject, `num_attention_heads (${heads}) must be a multiple of num_key_value_heads, found ${kvHeads}`);
  }
  const headDim = config.sizeOrNull('head_dim', variant.defaultHeadDim) ?? hiddenSize / heads;
  if (!Number.isInteger(headDim) || headDim % 2 !== 0) {
    throw unsupported(config.subject, `the head size must be an even whole number, found ${headDim} (hidden_size ${hiddenSize}, num_attention_heads ${heads})`);
  }
  const layers = config.size('num_hidden_layers');
  const rotary = rotarySpec(config, headDim, { theta: ['rope_theta'], share: ['partial_rotary_factor'], defaultShare: 1 });
  if (rotary.rotaryDim !== headDim) {
    throw unsupported(config.subject, `partial_rotary_factor must be 1 for ${modelType}, found ${rotary.rotaryDim / headDim}`);
  }
  return {
    family: 'llama',
    modelType,
    vocabSize: config.size('vocab_size'),
    maxPositions: config.size('max_position_embeddings'),
    hiddenSize,
    intermediateSize: config.size('intermediate_size'),
    layers,
    heads,
    kvHeads,
    headDim,
    normEpsilon: config.positive('rms_norm_eps', 1e-6),
    rotary,
    tiedHead: config.flag('tie_word_embeddings', false),
    attentionBias: variant.attentionBias(config),
    mlpBias: variant.mlpBias(config),
    qkNorm: variant.qkNorm,
    slidingWindow: variant.slidingWindow(config, layers),
  };
}

function everywhere(config: ConfigFields): LlamaSpec['attentionBias'] {
  const bias = config.flag('attention_bias', false);
  return { qkv: bias, output: bias };
}

/** For switches an architecture does not have: a config that sets one was written for something else. */
function refused<T>(config: ConfigFields, key: string, value: T): T {
  const found = config.raw(key);
  if (found === undefined || found === null || found === false) return value;
  throw unsupported(config.subject, `${key} is not a setting of this model_type, found ${describe(found)}`);
}

function noWindow(config: ConfigFields, layers: number): LlamaSpec['slidingWindow'] {
  const found = config.raw('sliding_window');
  if (found !== undefined && found !== null) throw unsupported(config.subject, `sliding_window must be null for llama, found ${describe(found)}`);
  return agreesWithLayerTypes(config, Array.from({ length: layers }, () => null));
}

/** Mistral: one window in every layer; 4096 where the key is missing, none where it is null. */
function oneWindow(config: ConfigFields, layers: number): LlamaSpec['slidingWindow'] {
  const window = config.sizeOrNull('sliding_window', 4096);
  return agreesWithLayerTypes(config, Array.from({ length: layers }, () => window));
}

/** Qwen2 and Qwen3: layer_types where given, else the layers from max_window_layers on; no window at all unless use_sliding_window. */
function windowFromLayer(config: ConfigFields, layers: number): LlamaSpec['slidingWindow'] {
  const inUse = config.flag('use_sliding_window', false);
  const size = config.sizeOrNull('sliding_window', 4096);
  const window = inUse ? size : null;
  const fullLayers = config.count('max_window_layers', 28);
  const types = layerTypes(config, layers);
  if (types === undefined) return Array.from({ length: layers }, (_, layer) => (layer >= fullLayers ? window : null));
  if (window === null && types.includes('sliding_attention')) {
    throw unsupported(config.subject, 'layer_types names sliding_attention, which needs use_sliding_window true and a sliding_window');
  }
  return types.map((type) => (type === 'sliding_attention' ? window : null));
}

/** For architectures that do not read layer_types themselves: it may stand there, but must say what they do. */
function agreesWithLayerTypes(config: ConfigFields, windows: LlamaSpec['slidingWindow']): LlamaSpec['slidingWindow'] {
  const types = layerTypes(config, windows.length);
  const differs = types?.findIndex((type, layer) => (type === 'sliding_attention') !== (windows[layer] !== null)) ?? -1;
  if (differs < 0) return windows;
  throw unsupported(config.subject, `layer_types must agree with sliding_window for this model_type, found ${types![differs]!} for layer ${differs}`);
}

function layerTypes(config: ConfigFields, layers: number): readonly string[] | undefined {
  const value = config.raw('layer_types') ?? undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length !== layers) {
    throw unsupported(config.subject, `layer_types must list the attention of all ${layers} layers, found ${describe(value)}`);
  }
  return value.map((type: unknown) => {
    if (type === 'full_attention' || type === 'sliding_attention') return type;
    throw unsupported(config.subject, `layer_types must hold full_attention or sliding_attention, found ${describe(type)}`);
  });
}

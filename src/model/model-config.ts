import { TouchstoneError } from '../errors.js';
import type { ModelSpec } from '../records.js';
import { configFields, type ConfigFields } from './config-fields.js';
import { gpt2Spec } from './gpt2-config.js';
import { gptNeoxSpec } from './gpt-neox-config.js';
import { describe, type JsonObject } from './json-object.js';
import { LLAMA_MODEL_TYPES, llamaSpec } from './llama-config.js';
import { EXPORT_ADVICE, refuseUnsupportedBehaviour, unknownKeys, unsupported } from './unsupported.js';

/** What config.json says about a checkpoint. */
export interface ModelConfig {
  readonly spec: ModelSpec;
  /** null where the file does not say. Not checked against the vocabulary. */
  readonly bosTokenId: number | null;
  /** The first of `eosTokenIds`, or null. */
  readonly eosTokenId: number | null;
  readonly eosTokenIds: readonly number[];
  /** The dtype the weights were saved in, as config.json spells it (`dtype` or `torch_dtype`); the weight files themselves decide. */
  readonly torchDtype: string | null;
  /** Keys that are neither used nor known to be without effect; transformers ignores them for these architectures. */
  readonly unknownKeys: readonly string[];
}

/** model_type -> the classes of transformers whose weights and arithmetic we know, today's name first. */
export const ARCHITECTURES: ReadonlyMap<string, readonly string[]> = new Map([
  ['llama', ['LlamaForCausalLM', 'LLaMAForCausalLM']],
  ['mistral', ['MistralForCausalLM']],
  ['qwen2', ['Qwen2ForCausalLM']],
  ['qwen3', ['Qwen3ForCausalLM']],
  ['gpt2', ['GPT2LMHeadModel']],
  ['gpt_neox', ['GPTNeoXForCausalLM']],
]);

/**
 * Resolves config.json into numbers. `subject` names the file in messages; `hasWeight` answers for the weight files. Throws a usage error for a
 * model this program cannot score exactly, naming the key, and an io error for a file that contradicts itself; no key that could change a loss is
 * ignored.
 */
export function modelConfig(object: JsonObject, subject: string, hasWeight: (name: string) => boolean): ModelConfig {
  const config = configFields(object, subject);
  const modelType = supportedModelType(config);
  refuseUnsupportedBehaviour(config);
  const spec = LLAMA_MODEL_TYPES.includes(modelType)
    ? llamaSpec(config, modelType)
    : modelType === 'gpt2'
      ? gpt2Spec(config, hasWeight)
      : gptNeoxSpec(config);
  const eosTokenIds = tokenIds(config, 'eos_token_id');
  return {
    spec,
    bosTokenId: tokenIds(config, 'bos_token_id')[0] ?? null,
    eosTokenId: eosTokenIds[0] ?? null,
    eosTokenIds,
    torchDtype: config.textOrNull('dtype') ?? config.textOrNull('torch_dtype'),
    unknownKeys: unknownKeys(config),
  };
}

function supportedModelType(config: ConfigFields): string {
  const modelType = config.raw('model_type');
  const architectures = config.raw('architectures') ?? [];
  const supported = typeof modelType === 'string' ? ARCHITECTURES.get(modelType) : undefined;
  if (typeof modelType !== 'string' || supported === undefined) {
    throw unsupported(
      config.subject,
      `model_type must be one of ${[...ARCHITECTURES.keys()].join(', ')}, found ${describe(modelType)} (architectures ${describe(architectures)})`,
    );
  }
  if (!Array.isArray(architectures)) throw unsupported(config.subject, `architectures must be a list, found ${describe(architectures)}`);
  if (architectures.length > 0 && !architectures.some((name) => supported.includes(String(name)))) {
    throw unsupported(
      config.subject,
      `architectures must name ${supported[0]!} for model_type ${modelType}, found ${describe(architectures)}`,
      `Only language models with their head can be scored. ${EXPORT_ADVICE}`,
    );
  }
  return modelType;
}

/** A token id, a list of them, null or nothing. */
function tokenIds(config: ConfigFields, key: string): number[] {
  const value = config.raw(key) ?? [];
  const ids: readonly unknown[] = Array.isArray(value) ? value : [value];
  return ids.map((id) => {
    if (Number.isSafeInteger(id) && (id as number) >= 0) return id as number;
    throw new TouchstoneError('io', `${config.subject}: ${key} must be a token id, a list of token ids or null, found ${describe(value)}`);
  });
}

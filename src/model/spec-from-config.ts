import { TouchstoneError, messageOf } from '../errors.js';
import { configFields, type ConfigFields } from './config-fields.js';
import { asJsonObject, describe, type JsonObject } from './json-object.js';
import { modelConfig, type ModelConfig } from './model-config.js';

/** A model to be made from scratch. */
export interface NewModelConfig extends ModelConfig {
  /** Standard deviation of the initial matrices. */
  readonly initializerRange: number;
  /** null where there is none. */
  readonly padTokenId: number | null;
  /** The keys as given. */
  readonly object: JsonObject;
}

const ADVICE = 'Spell the keys as in the config.json of a model of this model_type.';
const DROPOUT = /^(?!summary_).*(dropout|_pdrop)$/;
/** Of transformers' configuration classes, all of them. */
const DEFAULT_INITIALIZER_RANGE = 0.02;

/**
 * The model that a config object describes, spelled as in Hugging Face's config.json. `subject` names the object in messages ("model.init"). Throws a
 * usage error for anything a config.json could not say, for a model this program cannot build, and for keys it does not know: in a file that
 * somebody types, those are mistakes.
 */
export function specFromConfig(value: unknown, subject: string): NewModelConfig {
  const object = asJsonObject(value);
  if (object === undefined) throw new TouchstoneError('usage', `${subject} must be an object of config.json keys, found ${describe(value)}`, { advice: ADVICE });
  for (const [key, entry] of object) {
    refuseUnstorable(entry, `${subject}.${key}`);
    if (DROPOUT.test(key) && entry !== 0) {
      throw new TouchstoneError('usage', `${subject}.${key} must be 0, found ${describe(entry)}`, { advice: 'Training here has no dropout; leave the key out.' });
    }
  }
  const config = asUsage(() => modelConfig(object, subject, () => false));
  if (config.unknownKeys.length > 0) {
    throw new TouchstoneError('usage', `${subject} must hold keys that this program knows for model_type ${config.spec.modelType}, found ${config.unknownKeys.join(', ')}`, { advice: ADVICE });
  }
  const fields = configFields(object, subject);
  return {
    ...config,
    initializerRange: asUsage(() => fields.positive('initializer_range', DEFAULT_INITIALIZER_RANGE)),
    padTokenId: asUsage(() => padTokenId(fields, config.spec.vocabSize)),
    object,
  };
}

function padTokenId(fields: ConfigFields, vocabSize: number): number | null {
  const value = fields.raw('pad_token_id') ?? null;
  if (value === null) return null;
  const id = fields.count('pad_token_id');
  if (id < vocabSize) return id;
  throw new TouchstoneError('usage', `${fields.subject}: pad_token_id must be below vocab_size (${vocabSize}), found ${id}`);
}

/** What was typed by the user is theirs to correct, whereas the readers of config.json speak of damaged files. */
function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TouchstoneError)) throw error;
    throw new TouchstoneError('usage', messageOf(error), { advice: ADVICE, cause: error });
  }
}

/** JSON would turn these into null, or into nothing at all. */
function refuseUnstorable(value: unknown, path: string): void {
  if (value === null || typeof value === 'boolean' || typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))) return;
  const isList = Array.isArray(value);
  if (!isList && asJsonObject(value) === undefined) {
    throw new TouchstoneError('usage', `${path} must be a value that JSON can hold, found ${typeof value === 'number' ? value : typeof value}`, { advice: ADVICE });
  }
  for (const [key, entry] of Object.entries(value as object)) refuseUnstorable(entry, isList ? `${path}[${key}]` : `${path}.${key}`);
}

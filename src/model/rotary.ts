import { TouchstoneError } from '../errors.js';
import type { RotarySpec } from '../records.js';
import { isPositive, type ConfigFields } from './config-fields.js';
import { asJsonObject, describe, type JsonObject } from './json-object.js';
import { unsupported } from './unsupported.js';

/** Top-level names of the base and of the rotated share; families spell them differently. */
export interface RotaryKeys {
  readonly theta: readonly string[];
  readonly share: readonly string[];
  readonly defaultShare: number;
}

type Scaling =
  | { readonly kind: 'default' }
  | { readonly kind: 'linear'; readonly factor: number }
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalPositions: number;
    };

const DEFAULT_THETA = 10_000;
/** Keys allowed per rope type. original_max_position_embeddings stands in some files of the first two and has no part in their formula. */
const COMMON = ['rope_type', 'type', 'rope_theta', 'partial_rotary_factor'];
const ALLOWED: Readonly<Record<Scaling['kind'], readonly string[]>> = {
  default: [...COMMON, 'original_max_position_embeddings'],
  linear: [...COMMON, 'original_max_position_embeddings', 'factor'],
  llama3: [...COMMON, 'original_max_position_embeddings', 'factor', 'low_freq_factor', 'high_freq_factor'],
};

/**
 * The rotary embedding config.json describes, in the spelling of transformers 4 (rope_theta, rope_scaling, rotary_*) or 5 (rope_parameters); both
 * may stand side by side if they agree. Rope types default, linear and llama3; any other is refused by name.
 */
export function rotarySpec(config: ConfigFields, headDim: number, keys: RotaryKeys): RotarySpec {
  const rope = ropeKeys(config);
  const theta = number(config, rope, 'rope_theta', keys.theta, DEFAULT_THETA);
  const share = number(config, rope, 'partial_rotary_factor', keys.share, keys.defaultShare);
  const rotaryDim = Math.trunc(headDim * share);
  if (share > 1 || rotaryDim < 2 || rotaryDim % 2 !== 0) {
    throw unsupported(config.subject, `the rotated part of each head must be an even number of dimensions of ${headDim}, found ${headDim * share}`);
  }
  const scaling = scalingOf(config, rope);
  const outer = config.raw('original_max_position_embeddings');
  if (outer !== undefined && scaling.kind === 'llama3' && outer !== scaling.originalPositions) {
    throw disagree(config, 'original_max_position_embeddings', outer, scaling.originalPositions);
  }
  return { rotaryDim, inverseFrequency: inverseFrequencies(theta, rotaryDim, scaling) };
}

/** The keys of rope_scaling and rope_parameters together, `type` read as `rope_type`. */
function ropeKeys(config: ConfigFields): ReadonlyMap<string, unknown> {
  const merged = new Map<string, unknown>();
  for (const container of ['rope_parameters', 'rope_scaling']) {
    for (const [key, value] of ropeObject(config, container)) {
      const name = key === 'type' ? 'rope_type' : key;
      if (merged.has(name) && merged.get(name) !== value) throw disagree(config, `${container}.${key}`, value, merged.get(name));
      merged.set(name, value);
    }
  }
  return merged;
}

function ropeObject(config: ConfigFields, key: string): JsonObject {
  const value = config.raw(key) ?? {};
  const object = asJsonObject(value);
  if (object === undefined) throw invalid(config, `${key} must be an object or null`, value);
  return object;
}

/** A number from the rope object, or else from the top level. Both must agree, and so must the names of the top level among themselves. */
function number(config: ConfigFields, rope: ReadonlyMap<string, unknown>, key: string, outerKeys: readonly string[], fallback: number): number {
  const inner = rope.get(key) ?? undefined;
  const outer = config.raw(outerKeys) ?? undefined;
  if (inner !== undefined && outer !== undefined && inner !== outer) throw disagree(config, key, outer, inner);
  const value = inner ?? outer ?? fallback;
  if (!isPositive(value)) throw invalid(config, `${key} must be a positive number`, value);
  return value;
}

function scalingOf(config: ConfigFields, rope: ReadonlyMap<string, unknown>): Scaling {
  const kind = rope.get('rope_type') ?? 'default';
  if (kind !== 'default' && kind !== 'linear' && kind !== 'llama3') {
    throw unsupported(config.subject, `rope_type must be one of default, linear, llama3, found ${describe(kind)}`);
  }
  for (const [key, value] of rope) {
    if (!ALLOWED[kind].includes(key) && value !== null) {
      throw unsupported(config.subject, `the rotary key ${key} is not part of rope_type ${kind}, found ${describe(value)}`);
    }
  }
  const positive = (key: string): number => {
    const value = rope.get(key);
    if (isPositive(value)) return value;
    throw invalid(config, `${key} of rope_type ${kind} must be a positive number`, value);
  };
  if (kind === 'default') return { kind };
  if (kind === 'linear') return { kind, factor: positive('factor') };
  const scaling: Scaling = {
    kind,
    factor: positive('factor'),
    lowFrequencyFactor: positive('low_freq_factor'),
    highFrequencyFactor: positive('high_freq_factor'),
    originalPositions: positive('original_max_position_embeddings'),
  };
  if (scaling.highFrequencyFactor > scaling.lowFrequencyFactor) return scaling;
  throw invalid(config, `high_freq_factor must be greater than low_freq_factor (${scaling.lowFrequencyFactor})`, scaling.highFrequencyFactor);
}

/**
 * (rotaryDim / 2) base^(-2i / rotaryDim), scaled. Every step is rounded to float32 as PyTorch does it: at position 8,000 the difference between a
 * float32 and a float64 table is 4e-4 rad, and the models were trained with the float32 one.
 */
export function inverseFrequencies(theta: number, rotaryDim: number, scaling: Scaling): Float64Array {
  const f32 = Math.fround;
  return Float64Array.from({ length: rotaryDim / 2 }, (_, pair) => {
    const frequency = f32(1 / f32(Math.pow(f32(theta), f32((2 * pair) / rotaryDim))));
    if (scaling.kind === 'default') return frequency;
    if (scaling.kind === 'linear') return f32(frequency / f32(scaling.factor));
    return llama3Frequency(frequency, scaling);
  });
}

/**
 * Wavelengths longer than the original context over lowFrequencyFactor are stretched by `factor`, those shorter than it over highFrequencyFactor are
 * kept, the ones between are interpolated (Llama 3.1; transformers modeling_rope_utils.py).
 */
function llama3Frequency(frequency: number, scaling: Scaling & { readonly kind: 'llama3' }): number {
  const f32 = Math.fround;
  const { lowFrequencyFactor: low, highFrequencyFactor: high, originalPositions } = scaling;
  const factor = f32(scaling.factor);
  const wavelength = f32(f32(1 / frequency) * f32(2 * Math.PI));
  if (wavelength > originalPositions / low) return f32(frequency / factor);
  if (wavelength < originalPositions / high) return frequency;
  const turns = f32(f32(1 / wavelength) * f32(originalPositions));
  const smooth = f32(f32(turns - f32(low)) / f32(high - low));
  return f32(f32(f32(f32(1 - smooth) * frequency) / factor) + f32(smooth * frequency));
}

function disagree(config: ConfigFields, key: string, one: unknown, other: unknown): TouchstoneError {
  return new TouchstoneError('io', `${config.subject}: ${key} is given twice and must agree, found ${describe(one)} and ${describe(other)}`, {
    advice: 'Remove the one the model was not trained with.',
  });
}

function invalid(config: ConfigFields, requirement: string, found: unknown): TouchstoneError {
  return new TouchstoneError('io', `${config.subject}: ${requirement}, found ${describe(found)}`, {
    advice: 'Check that config.json is the one published with the weights.',
  });
}

import type { Activation } from '../records.js';
import type { ConfigFields } from './config-fields.js';
import { unsupported } from './unsupported.js';

/**
 * Names of transformers' ACT2FN. The tanh forms are one formula, written differently: gelu_fast rounds sqrt(2 / pi) to ten digits, which is below
 * what float32 resolves.
 */
const ACTIVATIONS: ReadonlyMap<string, Activation> = new Map([
  ['gelu', 'gelu'],
  ['gelu_python', 'gelu'],
  ['gelu_new', 'gelu-tanh'],
  ['gelu_pytorch_tanh', 'gelu-tanh'],
  ['gelu_python_tanh', 'gelu-tanh'],
  ['gelu_accurate', 'gelu-tanh'],
  ['gelu_fast', 'gelu-tanh'],
  ['relu', 'relu'],
  ['silu', 'silu'],
  ['swish', 'silu'],
]);

/** The activation `key` names (`fallback` where it is missing), one of `allowed`. */
export function activation(config: ConfigFields, key: string, fallback: string, allowed: readonly Activation[]): Activation {
  const name = config.text(key, fallback);
  const found = ACTIVATIONS.get(name);
  if (found !== undefined && allowed.includes(found)) return found;
  const names = [...ACTIVATIONS].filter(([, value]) => allowed.includes(value)).map(([spelling]) => spelling);
  throw unsupported(config.subject, `${key} must be one of ${names.join(', ')}, found ${JSON.stringify(name)}`);
}

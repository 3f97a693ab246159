import type { WeightDtype } from '../records.js';
import { ARCHITECTURES } from './model-config.js';
import type { NewModelConfig } from './spec-from-config.js';

/** Storage types as config.json spells them. */
const DTYPE_NAMES: Readonly<Record<WeightDtype, string>> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/**
 * The text of a config.json with its dtype set: the values of `dtype` (transformers 5) and `torch_dtype` (4, still read by 5) where they stand, a new
 * `torch_dtype` where neither does. Every other character is kept: numbers keep their spelling, keys their order.
 */
export function withDtype(json: string, dtype: WeightDtype): string {
  const value = JSON.stringify(DTYPE_NAMES[dtype]);
  const spans = ['dtype', 'torch_dtype'].map((key) => scalarSpan(json, key)).filter((span) => span !== undefined);
  if (spans.length === 0) return withLastKey(json, 'torch_dtype', value);
  return spans.toSorted((a, b) => b.start - a.start).reduce((text, { start, end }) => text.slice(0, start) + value + text.slice(end), json);
}

/**
 * The text of a config.json for a model made from scratch: the keys as given, and what transformers would otherwise put its own value for. BOS and EOS
 * ids that were not given are written as null, as they are understood here; transformers would take a default that may be any token.
 */
export function newConfigJson(model: NewModelConfig): string {
  const object = new Map<string, unknown>([['architectures', [ARCHITECTURES.get(model.spec.modelType)![0]!]], ['bos_token_id', null], ['eos_token_id', null]]);
  for (const [key, value] of model.object) object.set(key, value);
  return `${JSON.stringify(Object.fromEntries(object), null, 2)}\n`;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** Where the value of one of the object's own keys stands, if it is no object or list. The text is well-formed and names every key once. */
function scalarSpan(json: string, key: string): { readonly start: number; readonly end: number } | undefined {
  let depth = 0;
  let beginsEntry = false;
  let found = false;
  for (const { 0: token, index } of json.matchAll(TOKEN)) {
    if (found && token !== ':') return { start: index, end: index + token.length };
    if (beginsEntry && depth === 1 && token !== '}' && JSON.parse(token) === key) found = true;
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    beginsEntry = depth === 1 && (token === '{' || token === ',');
  }
  return undefined;
}

function withLastKey(json: string, key: string, value: string): string {
  const close = json.lastIndexOf('}');
  const before = json.slice(0, close).trimEnd();
  return `${before}${before.endsWith('{') ? '' : ','}\n  ${JSON.stringify(key)}: ${value}\n${json.slice(close)}`;
}


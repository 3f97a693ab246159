import { inspect } from 'node:util';

import { TouchstoneError } from '../errors.js';

/**
 * JSON with sorted keys (by UTF-16 code units), so that equal values have equal bytes. Numbers in the shortest form that reads back the same; keys
 * whose value is undefined are left out. `indent` > 0 gives one key or entry a line, for files that people read. Throws on what JSON would
 * change without a word: NaN, infinities, undefined in a list, functions, bigints, typed arrays, dates, maps.
 */
export function canonicalJson(value: unknown, indent = 0): string {
  return write(value, indent, '', '$');
}

function write(value: unknown, indent: number, margin: string, path: string): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) {
    const entries = Array.from(value, (entry: unknown, index) => write(entry, indent, margin + ' '.repeat(indent), `${path}[${index}]`));
    return bracket('[', entries, ']', indent, margin);
  }
  if (isRecord(value)) {
    const space = indent > 0 ? ' ' : '';
    const entries = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${space}${write(value[key], indent, margin + ' '.repeat(indent), `${path}.${key}`)}`);
    return bracket('{', entries, '}', indent, margin);
  }
  throw new TouchstoneError('internal', `${path} must be a value that JSON keeps, got ${inspect(value, { depth: 0 })}`);
}

function bracket(open: string, entries: readonly string[], close: string, indent: number, margin: string): string {
  if (entries.length === 0 || indent === 0) return open + entries.join(',') + close;
  const inner = `\n${margin}${' '.repeat(indent)}`;
  return `${open}${inner}${entries.join(`,${inner}`)}\n${margin}${close}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

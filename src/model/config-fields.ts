import { TouchstoneError } from '../errors.js';
import { describe, type JsonObject } from './json-object.js';

/** Where a key stands twice under two names (n_embd, hidden_size), both are given; values that disagree are an error. */
type Key = string | readonly string[];

/**
 * Typed reads of config.json. A read without a fallback throws where the key is missing; every read throws, naming file, key, expectation and
 * value found, where the value has another type. `null` counts as a value except in the `...OrNull` reads.
 */
export interface ConfigFields {
  /** The file, for messages. */
  readonly subject: string;
  has(key: string): boolean;
  /** The value as it stands; undefined where the key is missing. */
  raw(key: Key): unknown;
  /** A whole number of at least 1. */
  size(key: Key, fallback?: number): number;
  /** The same; `fallback` where the key is missing, null where it is null. */
  sizeOrNull(key: Key, fallback: number | null): number | null;
  /** A whole number of at least 0. */
  count(key: Key, fallback?: number): number;
  positive(key: Key, fallback?: number): number;
  flag(key: Key, fallback: boolean): boolean;
  text(key: Key, fallback?: string): string;
  textOrNull(key: Key): string | null;
  /** Keys no read has asked for yet, in the file's order. */
  unread(): string[];
}

export function configFields(object: JsonObject, subject: string): ConfigFields {
  const asked = new Set<string>();

  function raw(key: Key): unknown {
    const names = typeof key === 'string' ? [key] : key;
    const present = names.filter((name) => object.has(name));
    for (const name of names) asked.add(name);
    const [first, ...others] = present;
    if (first === undefined) return undefined;
    const value = object.get(first);
    for (const other of others) {
      if (!Object.is(object.get(other), value)) {
        throw invalid(`${first} and ${other} mean the same and must agree`, `${describe(value)} and ${describe(object.get(other))}`);
      }
    }
    return value;
  }

  function read<T>(key: Key, expectation: string, accepts: (value: unknown) => value is T, fallback: T | undefined): T {
    const value = raw(key);
    if (value === undefined && fallback !== undefined) return fallback;
    if (accepts(value)) return value;
    throw invalid(`${typeof key === 'string' ? key : key[0]!} must be ${expectation}`, describe(value));
  }

  function invalid(requirement: string, found: string): TouchstoneError {
    return new TouchstoneError('io', `${subject}: ${requirement}, found ${found}`, {
      advice: 'Check that config.json is the one published with the weights.',
    });
  }

  return {
    subject,
    has: (key) => object.has(key),
    raw,
    size: (key, fallback) => read(key, 'a whole number of at least 1', isSize, fallback),
    sizeOrNull: (key, fallback) => read(key, 'a whole number of at least 1, or null', orNull(isSize), fallback),
    count: (key, fallback) => read(key, 'a whole number of at least 0', isCount, fallback),
    positive: (key, fallback) => read(key, 'a positive number', isPositive, fallback),
    flag: (key, fallback) => read(key, 'true or false', isFlag, fallback),
    text: (key, fallback) => read(key, 'a string', isText, fallback),
    textOrNull: (key) => read<string | null>(key, 'a string or null', orNull(isText), null),
    unread: () => [...object.keys()].filter((key) => !asked.has(key)),
  };
}

export function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isSize(value: unknown): value is number {
  return isCount(value) && value >= 1;
}

function isFlag(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function orNull<T>(accepts: (value: unknown) => value is T): (value: unknown) => value is T | null {
  return (value): value is T | null => value === null || accepts(value);
}

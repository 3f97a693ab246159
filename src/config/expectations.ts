import { z } from 'zod';

import type { DeviceChoice } from '../records.js';
import { parseByteSize } from './byte-size.js';

/**
 * Schemas of single settings whose one message is the whole expectation ("must be a whole number from 1 to 64"), whatever is wrong with the value:
 * the loader says where it stands and what was found.
 */
export function wholeNumber(minimum: number, maximum: number) {
  return bounded(minimum, maximum, `must be a whole number ${range(minimum, maximum)}`);
}

/** A whole number, or the word `auto`, or null. */
export function wholeNumberOr<const Word extends 'auto' | null>(minimum: number, maximum: number, word: Word) {
  const expectation = `must be a whole number ${range(minimum, maximum)}, or ${word ?? 'null'}`;
  return z.union([bounded(minimum, maximum, expectation), z.literal(word, expectation)], expectation);
}

function bounded(minimum: number, maximum: number, expectation: string) {
  return z.number(expectation).int(expectation).min(minimum, expectation).max(maximum, expectation);
}

function range(minimum: number, maximum: number): string {
  return maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
}

/** One of several words. */
export function oneOf<const Words extends readonly [string, string, ...string[]]>(words: Words) {
  return z.enum(words, `must be one of ${words.join(', ')}`);
}

export function text(what: string) {
  return notBlank(`must be ${what}`);
}

function notBlank(expectation: string) {
  return z.string(expectation).refine((value) => value.trim() !== '', expectation);
}

/** One text, or a list of at least `least`; the output is a list. */
export function texts(what: string, least = 1) {
  const expectation = `must be ${what}, or a list of them`;
  // Not a union of both: its one message could not say which entry is wrong.
  const list: z.ZodType<readonly string[]> = z.array(notBlank(expectation), expectation).min(least, expectation);
  return z.preprocess((value) => (typeof value === 'string' ? [value] : value), list);
}

/** Bytes, as a number or with a suffix; the output is a number. */
export function byteSize(minimum: number, maximum: number) {
  const expectation = `must be a number of bytes ${range(minimum, maximum)}, such as 67108864 or 64MiB`;
  return z
    .union([z.number(), z.string()], expectation)
    .transform((value) => (typeof value === 'number' ? value : (parseByteSize(value) ?? NaN)))
    .pipe(bounded(minimum, maximum, expectation));
}

/** The same, or the word `auto`. */
export function byteSizeOrAuto(minimum: number, maximum: number) {
  const expectation = `must be a number of bytes ${range(minimum, maximum)}, such as 67108864 or 64MiB, or auto`;
  return z
    .union([z.number(), z.string()], expectation)
    .transform((value) => (typeof value === 'number' || value === 'auto' ? value : (parseByteSize(value) ?? NaN)))
    .pipe(z.union([bounded(minimum, maximum, expectation), z.literal('auto', expectation)], expectation));
}

/** The devices of a run: cpu, auto, cuda, or cuda with the numbers of devices; the output is a DeviceChoice. */
export function device() {
  const expectation = 'must be cpu, cuda, cuda with device numbers such as cuda:0,1, or auto';
  return z.string(expectation).transform((value, context): DeviceChoice => {
    const text = value.trim();
    if (text === 'cpu' || text === 'auto') return { kind: text };
    if (text === 'cuda') return { kind: 'cuda', ids: [0] };
    const ids = /^cuda:(\d{1,3}(?:,\d{1,3})*)$/.exec(text)?.[1]?.split(',').map(Number);
    if (ids !== undefined && new Set(ids).size === ids.length) return { kind: 'cuda', ids };
    context.addIssue({ code: 'custom', message: expectation });
    return z.NEVER;
  });
}

/** A number of things, or a share of them such as 0.1%, or null for no limit. */
export function limit() {
  const expectation = 'must be a whole number of at least 0, a share from 0% to 100% such as 0.1%, or null';
  return z.union([z.number(), z.string(), z.null()], expectation).transform((value, context) => {
    if (value === null) return null;
    const text = String(value).trim();
    const share = /^(\d+(?:\.\d+)?) ?%$/.exec(text)?.[1];
    if (share !== undefined && Number(share) <= 100) return { kind: 'share', share: Number(share) / 100, text } as const;
    if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { kind: 'count', count: Number(text), text } as const;
    context.addIssue({ code: 'custom', message: expectation });
    return z.NEVER;
  });
}

/** Which of several words are listed, in a list, in one text between commas, or `all` or `none`; the output has one boolean per word. */
export function anyOf<const Words extends readonly string[]>(words: Words) {
  const expectation = `must list any of ${words.join(', ')}, or be all or none`;
  return z.union([z.string(), z.array(z.string())], expectation).transform((value, context) => {
    const listed = (typeof value === 'string' ? value.split(',') : value).map((word) => word.trim());
    const [only] = listed.length === 1 ? listed : [];
    const chosen = only === 'none' ? [] : only === 'all' ? [...words] : listed;
    if (chosen.some((word) => !words.includes(word))) {
      context.addIssue({ code: 'custom', message: expectation });
      return z.NEVER;
    }
    return Object.fromEntries(words.map((word) => [word, chosen.includes(word)])) as { readonly [Word in Words[number]]: boolean };
  });
}

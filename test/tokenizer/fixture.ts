import { readFileSync } from 'node:fs';

/** A text of the fixture and the group a failing test names. */
export interface FixtureText {
  readonly group: string;
  readonly text: string;
}

/** What Python's `tokenizers` says about the texts; written by scripts/fixtures/make-tokenizer-fixtures.py. */
export interface Expected {
  readonly versions: { readonly tokenizers: string };
  readonly vocabSize: number;
  readonly maxId: number;
  readonly emptyTextWithSpecialTokens: readonly number[];
  readonly ids: readonly (readonly number[])[];
  /** null = the text itself, lone surrogates replaced. */
  readonly decoded: readonly (string | null)[];
}

const FOLDER = new URL('../fixtures/tokenizer/', import.meta.url);

/** Tokenizers the JavaScript library is exact for, and those only the native one can do. */
export const EXACT_IN_JAVASCRIPT = ['gpt2', 'gpt-neox', 'smollm', 'qwen', 'llama3', 'llama2', 'mistral', 'gemma'] as const;
export const NATIVE_ONLY = ['unigram', 'stripping', 'wordpiece'] as const;
export const ALL_STYLES = [...EXACT_IN_JAVASCRIPT, ...NATIVE_ONLY] as const;
export type Style = (typeof ALL_STYLES)[number];

export const TEXTS = read('texts.json') as readonly FixtureText[];

export function folderOf(style: Style): string {
  return new URL(style, FOLDER).pathname;
}

export function expectedOf(style: Style): Expected {
  return read(`${style}/expected.json`) as Expected;
}

function read(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, FOLDER), 'utf8'));
}

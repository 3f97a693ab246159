import type { LibraryInfo } from './tokenizer.js';

/** The ids of one text, without special tokens. */
export interface LibraryEncoding {
  readonly ids: readonly number[];
  /** First and last-plus-one code point of each token in the text, where the library knows them; costs as much as encoding. */
  readonly spans?: () => readonly (readonly number[])[];
}

/** A tokenizer as one of the two packages runs it. Texts are well-formed. */
export interface TokenizerLibrary {
  readonly info: LibraryInfo;
  /** The ids of "a" as the tokenizer's own post-processor completes it. */
  readonly probe: { readonly plain: readonly number[]; readonly completed: readonly number[] };
  encode(texts: readonly string[]): Promise<LibraryEncoding[]>;
  decode(ids: number[]): Promise<string>;
}

/** A short text that every tokenizer has a token for. */
export const PROBE = 'a';

/** Documents that show what the numbers mean. Lists hold SAMPLED_DOCUMENTS at most; the seed and the run decide, nothing else. */
export interface SampledDocuments {
  /** Highest mean loss first, among documents with at least `leastTokens` scored tokens. */
  readonly noisiest: readonly SampledDocument[];
  /** Lowest mean loss first, likewise. */
  readonly quietest: readonly SampledDocument[];
  /** A uniform sample of all documents, in the order of the run. */
  readonly random: readonly SampledDocument[];
  /** Shorter documents have extreme means by chance: how many scored tokens make one a candidate, and how many documents were. */
  readonly leastTokens: number;
  readonly candidates: number;
  /** Documents that were looked at in all. */
  readonly documents: number;
  readonly seed: string;
  /** Whether tokens have texts; false where the tokenizer was not found (a note says why), and texts are then "#id". */
  readonly hasText: boolean;
}

export interface SampledDocument {
  readonly id: string;
  readonly source: string;
  readonly docHash: string;
  /** Where it stands: unit of the run and row in the unit's shard. */
  readonly unit: number;
  readonly row: number;
  /** Tokens in all, and those with a loss. */
  readonly tokens: number;
  readonly scored: number;
  /** Nats, over all scored tokens of the document, shown or not; null where none is. */
  readonly meanLoss: number | null;
  /** The document from its beginning; less than `tokens` where it was cut. */
  readonly shown: number;
  readonly text: TokenStrip;
}

/** The tokens shown of a document, column by column; every list but the index lists has one entry for each of them. */
export interface TokenStrip {
  readonly ids: readonly number[];
  /**
   * What each token stands for; joined they are the text. A character that several tokens share stands in the first of them, and '' in the others. Longer
   * pieces are cut to PIECE_CHARACTERS, see `cutPieces`.
   */
  readonly pieces: readonly string[];
  /** Nats, rounded to 1e-4; null = not scored. */
  readonly losses: readonly (number | null)[];
  /** Entropy in nats likewise; null where it was not stored. */
  readonly entropies: readonly (number | null)[] | null;
  /** With a live run (see ExcessReport): live minus reference loss, and 1 where the first of the selections keeps the token; null without one or where this document is not in it. */
  readonly excess: readonly (number | null)[] | null;
  readonly kept: readonly (0 | 1)[] | null;
  /** Indices, ascending: special tokens. */
  readonly special: readonly number[];
  /** Indices, ascending: tokens that are part of a character or a raw byte. */
  readonly partial: readonly number[];
  /** Indices, ascending: tokens whose loss is the first that a new window gives; the first window is not listed. */
  readonly windowStarts: readonly number[];
  /** Indices, ascending: where a document begins in a packed row; empty in the document layout. */
  readonly documentStarts: readonly number[];
  /** Indices, ascending: pieces that were cut. */
  readonly cutPieces: readonly number[];
}

/** Most documents in a list, tokens shown of one, UTF-16 units of a piece, of an id or a source: these bound the size of a report for any corpus. */
export const SAMPLED_DOCUMENTS = 10;
export const SHOWN_TOKENS = 512;
export const PIECE_CHARACTERS = 64;
export const NAME_CHARACTERS = 200;
/** UTF-16 units of all pieces of one document. */
export const SHOWN_CHARACTERS = 8192;
/** Scored tokens that make a document a candidate for the extremes. */
export const LEAST_TOKENS = 32;

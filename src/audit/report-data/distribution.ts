/**
 * Losses are counted after rounding to multiples of 2^-11 nats, halves up, and losses outside [0, 64] count as the nearer end. Bins, shares and percentiles
 * follow from these counts; means and sums are of the stored float32 values, added up in float64.
 */
export interface LossStats {
  /** Rows the tokens are of; for groups that divide rows (position, class) the rows are not counted and this is null. */
  readonly documents: number | null;
  readonly tokens: number;
  /** Tokens with a loss. All values below are over these. */
  readonly scored: number;
  /** Nats; null where nothing was scored. */
  readonly mean: number | null;
  /** exp(mean); null where nothing was scored, and where it is beyond what a number holds (mean above 709 nats). */
  readonly perplexity: number | null;
  /** Standard deviation of the population, nats. */
  readonly sd: number | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Nats. Percentile p is the loss of rank ceil(p/100 * scored) in ascending order, rounded as above; null where nothing was scored. */
  readonly percentiles: Percentiles | null;
  /** Share of the scored tokens, 0 to 1, whose loss is below NEAR_ZERO. null where nothing was scored. */
  readonly nearZeroShare: number | null;
  /** Share whose loss is above ln V, worse than guessing evenly. */
  readonly aboveUniformShare: number | null;
  /** (LOSS_EDGES.length + 1) scored tokens by bin: bin 0 is below the first edge, bin i from edge i - 1 up to below edge i, the last from the last edge on. */
  readonly bins: readonly number[];
  /** Mean entropy of the predictions in nats; null where it was not stored. */
  readonly meanEntropy: number | null;
  /** Share of the scored tokens that were the most likely ones; null where it was not stored. */
  readonly top1Share: number | null;
  /** Sum of losses over bytes of the scored tokens, in bits; comparable between tokenizers. null where bytes were not stored. */
  readonly bitsPerByte: number | null;
}

export interface Percentiles {
  readonly p1: number;
  readonly p5: number;
  readonly p10: number;
  readonly p25: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p99_9: number;
}

export interface SourceStats extends LossStats {
  /** The `source` column; OTHER_SOURCES_NAME stands for all that are not listed. */
  readonly source: string;
  /** Whether this is the sum of the sources that are not listed. */
  readonly others: boolean;
}

/** Tokens whose position, or whose document's length, is from `from` up to and including `to`. */
export interface RangeStats extends LossStats {
  readonly from: number;
  /** null = no end. */
  readonly to: number | null;
}

/**
 * What a token is, by what it stands for in a text; the first that fits:
 * `special` an added token marked special, or BOS or EOS; `bytes` a byte fallback or any other token that is no whole UTF-8 on its own; `whitespace` only white space;
 * `word` has a letter; `digits` has a digit; `punctuation` all else; `unknown` an id without a token in the vocabulary.
 */
export type TokenClass = 'word' | 'digits' | 'punctuation' | 'whitespace' | 'special' | 'bytes' | 'unknown';

export interface ClassStats extends LossStats {
  readonly class: TokenClass;
}

export interface Distribution {
  /** LOSS_EDGES, nats: constants of the format, the same in every report. */
  readonly edges: readonly number[];
  /** NEAR_ZERO and ln V, nats. */
  readonly nearZero: number;
  readonly uniform: number;
  readonly overall: LossStats;
  /** By tokens, the most first, `others` last. */
  readonly bySource: readonly SourceStats[];
  /** Distinct sources of the run; how many stand under `others`. */
  readonly sources: { readonly count: number; readonly inOthers: number };
  /**
   * By the number of tokens the model saw before the token, a BOS prefix included: the position in its window. Ranges begin at powers of two, halfway between
   * them, and at contextLength - stride, where the tokens of a document's second window begin: an edge effect is a step there.
   */
  readonly byContext: readonly RangeStats[];
  /** By the token's position in its document, from 0. */
  readonly byDocumentPosition: readonly RangeStats[];
  /** By the tokens of the row the token is in. */
  readonly byDocumentLength: readonly RangeStats[];
  /** In the order of TokenClass, classes without tokens left out; null where the tokenizer was not found (a note says why). */
  readonly byClass: readonly ClassStats[] | null;
}

/**
 * Bin edges in nats, four to an octave from 2^-9 to 48: steps of a quarter, a half, three quarters of a power of two, so that most are round numbers.
 * Never changed within a format version: PSI and small multiples compare runs by them.
 */
export const LOSS_EDGES: readonly number[] = Array.from({ length: 14 * 4 + 3 }, (_, i) => 2 ** ((i >> 2) - 9) * (1 + (i & 3) / 4));

/** 2^-7 nats: probability above 99.2 %. An edge of the bins. */
export const NEAR_ZERO = 2 ** -7;

/** Sources listed with numbers of their own. */
export const LISTED_SOURCES = 50;
export const OTHER_SOURCES_NAME = '(all other sources)';

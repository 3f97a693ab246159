/**
 * A row of a source: one document, or one packed row. All arrays are target-indexed, entry t is about tokenIds[t], and may be views into arrays
 * of the row's window: keeping one keeps the window in memory.
 */
export interface TrainingRow {
  /** (n) Below the vocabulary size; a BOS prefix is never in here. */
  readonly tokenIds: Int32Array;
  /** (n) Reference loss in nats; NaN = not scored. Absent where the source was opened without losses. */
  readonly reference?: Float32Array;
  /** (n) Entropy of the reference model's prediction in nats; NaN where reference is. */
  readonly entropy?: Float32Array;
  /** Where the row was read: the unit of its shard and its number there; for a stream 0 and its number in the epoch. */
  readonly unit: number;
  readonly row: number;
}

/** Rows that are in memory together and shuffled among themselves. */
export interface RowWindow {
  readonly rows: number;
  readonly tokens: number;
  /** The row at a place of the shuffled order, from 0 to rows - 1. Nothing is copied. */
  rowAt(place: number): TrainingRow;
}

/** What decides the order of a source's rows; two sources that agree here give the same rows in the same order. */
export interface SourceIdentity {
  /** The plan hash of a score set, or the name the caller gave a stream. */
  readonly source: string;
  /** null = rows come in the order of the source, the same in every epoch. */
  readonly seed: string | null;
  /** Tokens of a window: of whole row groups at most this many (at least one group); of a stream, the first row that reaches it ends the window. */
  readonly windowTokens: number;
}

/** Where token sequences come from, epoch after epoch. */
export interface RowSource {
  readonly identity: SourceIdentity;
  /** Whether rows carry `reference` and `entropy`. */
  readonly has: { readonly reference: boolean; readonly entropy: boolean };
  /**
   * The windows of an epoch, in order, from number `first` on. Every row with a token is in exactly one of them, in every epoch; order and rows depend
   * on identity, epoch and number alone. A window is read when it is asked for, and the source keeps nothing of it.
   */
  windows(epoch: number, first: number): AsyncIterable<RowWindow>;
  /** A row in words, for a message. */
  nameRow?(unit: number, row: number): Promise<string>;
}

/** Tokens of a window when nothing else is said: 32 MB of ids and losses, and what some 20,000 documents of 200 tokens are mixed over. */
export const WINDOW_TOKENS = 1 << 22;

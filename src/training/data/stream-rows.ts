import { shuffledRows } from './shuffle.js';
import { checkTokenIds } from './token-range.js';
import { WINDOW_TOKENS, type RowSource, type RowWindow, type TrainingRow } from './training-rows.js';

export interface StreamRowsOptions {
  /** What the stream is made of, for cursors and messages: equal names promise equal documents. A hash of corpus and tokenizer, for example. */
  readonly name: string;
  /** null = the order of the stream. */
  readonly seed: string | null;
  /** V of the live model. */
  readonly vocabSize: number;
  /** The documents of an epoch, from its first one on; the same at every call with the same number. */
  readonly open: (epoch: number) => AsyncIterable<{ readonly tokenIds: Int32Array }>;
  /** Default WINDOW_TOKENS. 4 bytes a token are in memory. */
  readonly windowTokens?: number;
}

/**
 * Documents without losses, from anywhere: what plain training needs. Shuffled within a window only, since a stream can be read in one order alone; for the
 * same reason resuming reads an epoch again up to the window of the cursor. Throws a data error for a token id that is not below vocabSize.
 */
export function streamRows({ name, seed, vocabSize, open, windowTokens = WINDOW_TOKENS }: StreamRowsOptions): RowSource {
  async function* windows(epoch: number, first: number): AsyncGenerator<RowWindow, void, undefined> {
    let window = 0;
    let rows: TrainingRow[] = [];
    let tokens = 0;
    let row = 0;
    const full = function* (): Generator<RowWindow, void, undefined> {
      if (window >= first) yield windowOf(rows, tokens, shuffledRows(rows.length, seed, epoch, window));
      window++;
      rows = [];
      tokens = 0;
    };
    for await (const { tokenIds } of open(epoch)) {
      checkTokenIds(tokenIds, vocabSize, () => `${name}, document ${row}`);
      rows.push({ tokenIds, unit: 0, row: row++ });
      tokens += tokenIds.length;
      if (tokens >= windowTokens) yield* full();
    }
    if (rows.length > 0) yield* full();
  }
  return { identity: { source: name, seed, windowTokens }, has: { reference: false, entropy: false }, windows };
}

function windowOf(rows: readonly TrainingRow[], tokens: number, order: Int32Array): RowWindow {
  return { rows: rows.length, tokens, rowAt: (place) => rows[order[place]!]! };
}

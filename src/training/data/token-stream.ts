import { TouchstoneError } from '../../errors.js';
import type { Cursor } from './cursor.js';
import { laidOutLength, type SequenceFormat } from './sequence-format.js';
import { fillingOf, putFilling, putRow, type SequenceLine } from './sequence-line.js';
import type { RowSource, RowWindow, TrainingRow } from './training-rows.js';

interface PlacedWindow {
  readonly epoch: number;
  readonly number: number;
  readonly rows: RowWindow;
}

/** The sequences of a source, one after another, from a cursor on. Holds one window of rows, two while it changes from one to the next. */
export class TokenStream {
  readonly #format: SequenceFormat;
  readonly #windows: AsyncGenerator<PlacedWindow, void, undefined>;
  #window: PlacedWindow | undefined;
  #place: Cursor;

  /** @param epochs epochs after which the stream ends, those before the cursor included; Infinity = never */
  constructor(source: RowSource, format: SequenceFormat, from: Cursor, epochs: number) {
    this.#format = format;
    this.#place = from;
    this.#windows = windowsFrom(source, from, epochs);
  }

  /** Where the next sequence begins. */
  get place(): Cursor {
    return this.#place;
  }

  /**
   * Moves over the next sequence and writes it to `line`, where one is given. False where the stream has no further target; the last sequence is filled up.
   * Throws a data error for a packed row that is no sequence.
   */
  async next(line?: SequenceLine): Promise<boolean> {
    if (line !== undefined) line.pieces.length = 0;
    return this.#format.layout === 'packed' ? this.#nextRow(line) : this.#nextCut(line);
  }

  async close(): Promise<void> {
    await this.#windows.return();
  }

  async #nextCut(line: SequenceLine | undefined): Promise<boolean> {
    const size = this.#format.length + 1;
    let { row: place, token } = this.#place;
    let at = 0;
    while (at < size) {
      const window = await this.#windowWith(place);
      if (window === undefined) break;
      if (window.changed) [place, token] = [0, 0];
      const row = window.rows.rowAt(place);
      const length = laidOutLength(row.tokenIds.length, this.#format);
      const count = Math.min(length - token, size - at);
      if (count > 0 && line !== undefined) putRow(line, at, row, token, count, this.#format);
      at += count;
      token += count;
      if (at < size) [place, token] = [place + 1, 0];
    }
    // The first token is shared with the sequence before: alone it holds no target.
    if (at <= 1) return false;
    if (line !== undefined && at < size) putFilling(line, at, this.#format);
    this.#advance(place, at < size ? 0 : token - 1);
    return true;
  }

  async #nextRow(line: SequenceLine | undefined): Promise<boolean> {
    let { row: place } = this.#place;
    const window = await this.#windowWith(place);
    if (window === undefined) return false;
    if (window.changed) place = 0;
    const row = window.rows.rowAt(place);
    const length = laidOutLength(row.tokenIds.length, this.#format);
    if (length !== this.#format.length + 1) throw wrongLength(row, length, this.#format);
    if (line !== undefined) {
      putRow(line, 0, row, 0, length, this.#format);
      const filling = fillingOf(row, this.#format.separatorId);
      line.eligible.fill(0, length - filling);
    }
    this.#advance(place + 1, 0);
    return true;
  }

  #advance(row: number, token: number): void {
    const { stream, sequences, epoch, window } = this.#place;
    const at = this.#window ?? { epoch, number: window };
    this.#place = { stream, sequences: sequences + 1, epoch: at.epoch, window: at.number, row, token };
  }

  /** The window that has a row at `place`: the current one, or the first of the following that has rows; undefined at the end of the stream. */
  async #windowWith(place: number): Promise<{ readonly rows: RowWindow; readonly changed: boolean } | undefined> {
    if (this.#window !== undefined && place < this.#window.rows.rows) return { rows: this.#window.rows, changed: false };
    let changed = this.#window !== undefined;
    for (;;) {
      const next = await this.#windows.next();
      if (next.done === true) return undefined;
      this.#window = next.value;
      const first = changed ? 0 : place;
      if (first < next.value.rows.rows) return { rows: next.value.rows, changed };
      changed = true;
    }
  }
}

/** The windows of all epochs from a cursor on. Throws a data error where a whole epoch has no token. */
async function* windowsFrom(source: RowSource, from: Cursor, epochs: number): AsyncGenerator<PlacedWindow, void, undefined> {
  for (let epoch = from.epoch; epoch < epochs; epoch++) {
    const first = epoch === from.epoch ? from.window : 0;
    let number = first;
    let tokens = 0;
    for await (const rows of source.windows(epoch, first)) {
      tokens += rows.tokens;
      yield { epoch, number: number++, rows };
    }
    if (tokens === 0 && first === 0) throw new TouchstoneError('data', `${source.identity.source} must hold tokens to train on, it has none`);
  }
}

function wrongLength({ unit, row }: TrainingRow, found: number, { length, prefixId }: SequenceFormat): TouchstoneError {
  const prefix = prefixId === null ? '' : ', its prefix included';
  return new TouchstoneError('data', `row ${row} of unit ${unit} of a packed score set must have ${length + 1} tokens${prefix}, it has ${found}`, {
    advice: 'Train with the context length the set was packed for.',
  });
}

import type { KnownDocument, ScoredDocument } from '../records.js';
import type { EarlierRows } from '../store/earlier-rows.js';
import type { ShardWriter } from '../store/writer.js';
import type { OpenDocument } from '../windows/open-document.js';

/** Text of known documents whose rows are in memory at a time: some two million tokens, of at most 17 bytes. */
const ROWS_CHARACTERS = 1 << 23;

/**
 * The rows of a unit in the order of its corpus: documents whose losses are coming in, and known ones, whose rows are read from an earlier run no
 * sooner than they can be written. Calls must not overlap.
 */
export class RowQueue {
  /** Rows that were copied from an earlier run. */
  readonly reused = { documents: 0, tokens: 0, nonfinite: 0 };
  /** Id of the first row with a token that got no finite loss. */
  firstNonfinite: string | null = null;
  readonly #writer: Pick<ShardWriter, 'append'>;
  readonly #earlier: Pick<EarlierRows, 'read'> | null;
  /** Tokens at the start of a document that have no loss because nothing precedes them. */
  readonly #unscored: number;
  #waiting: (OpenDocument | KnownDocument)[] = [];

  constructor(writer: Pick<ShardWriter, 'append'>, earlier: Pick<EarlierRows, 'read'> | null, unscored: 0 | 1) {
    this.#writer = writer;
    this.#earlier = earlier;
    this.#unscored = unscored;
  }

  /** Rows that are not written yet. */
  get length(): number {
    return this.#waiting.length;
  }

  push(row: OpenDocument | KnownDocument): void {
    this.#waiting.push(row);
  }

  /** Writes the rows at the front that have, or can be given, all their losses. */
  async writeComplete(): Promise<void> {
    let written = 0;
    while (written < this.#waiting.length) {
      const ready = this.#readyFrom(written);
      if (ready.length === 0) break;
      const known = ready.filter((row) => row.kind === 'known');
      const copies = known.length === 0 ? [] : await this.#earlier!.read(known);
      let copied = 0;
      for (const row of ready) {
        if (row.kind === 'known') await this.#writeCopy({ kind: 'tokenized', id: row.id, source: row.source, hash: row.hash, ...copies[copied++]! });
        else {
          if (row.nonfinite > 0) this.firstNonfinite ??= row.document.id;
          await this.#writer.append(row.finish());
        }
      }
      written += ready.length;
    }
    if (written > 0) this.#waiting = this.#waiting.slice(written);
  }

  /** The complete rows from a place on, as many as may be in memory at a time. */
  #readyFrom(first: number): readonly (OpenDocument | KnownDocument)[] {
    let characters = 0;
    let end = first;
    for (; end < this.#waiting.length && characters < ROWS_CHARACTERS; end++) {
      const row = this.#waiting[end]!;
      if (row.kind === 'known') characters += row.characters;
      else if (!row.complete) break;
    }
    return this.#waiting.slice(first, end);
  }

  async #writeCopy(row: ScoredDocument): Promise<void> {
    await this.#writer.append(row);
    const tokens = row.tokenIds.length;
    this.reused.documents++;
    this.reused.tokens += tokens;
    const nonfinite = countNaN(row.refLoss) - Math.min(tokens, this.#unscored);
    this.reused.nonfinite += nonfinite;
    if (nonfinite > 0) this.firstNonfinite ??= row.id;
  }
}

function countNaN(values: Float32Array): number {
  let count = 0;
  for (const value of values) if (Number.isNaN(value)) count++;
  return count;
}

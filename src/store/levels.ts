import { Damage } from './damage.js';

/**
 * Repetition and definition levels of a list of required values in a required field: one entry per value, and one per empty list.
 * Repetition: 0 begins a row, 1 continues it. Definition: 1 is a value, 0 an empty list. Both fit one bit, and rows are long, so of Parquet's
 * RLE/bit-packed hybrid only the runs are used: five bytes a row on each side at most.
 * Source: https://github.com/apache/parquet-format/blob/master/Encodings.md#run-length-encoding--bit-packing-hybrid-rle--3
 */

/** Encodes one stream of one-bit levels as runs. */
class LevelRuns {
  private bytes = new Uint8Array(4096);
  private used = 0;
  private level = 0;
  private count = 0;

  append(level: 0 | 1, count: number): void {
    if (level !== this.level) this.endRun();
    this.level = level;
    this.count += count;
  }

  /** The encoded levels; valid until the next call of any method. Begins a new stream. */
  finish(): Uint8Array<ArrayBuffer> {
    this.endRun();
    const encoded = this.bytes.subarray(0, this.used);
    this.used = 0;
    return encoded;
  }

  private endRun(): void {
    if (this.count === 0) return;
    if (this.used + 6 > this.bytes.length) {
      const grown = new Uint8Array(this.bytes.length * 2);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    // A run is the varint of count << 1, then the value in one byte. Counts stay far below 2^30: pages and rows of a row group are bounded.
    let header = this.count << 1;
    for (; header >= 0x80; header >>>= 7) this.bytes[this.used++] = (header & 0x7f) | 0x80;
    this.bytes[this.used++] = header;
    this.bytes[this.used++] = this.level;
    this.count = 0;
  }
}

/** Builds both level streams of a page, row by row. */
export class ListLevels {
  entries = 0;
  private readonly repetition = new LevelRuns();
  private readonly definition = new LevelRuns();

  /** Adds `count` values of one row; `continued` when the row's first values are already on an earlier page. */
  addRow(count: number, continued: boolean): void {
    this.entries += Math.max(count, 1);
    if (count === 0) {
      this.repetition.append(0, 1);
      this.definition.append(0, 1);
      return;
    }
    if (!continued) this.repetition.append(0, 1);
    const continuing = continued ? count : count - 1;
    if (continuing > 0) this.repetition.append(1, continuing);
    this.definition.append(1, count);
  }

  /** Both streams; valid until the next call. Begins a new page. */
  finish(): { readonly repetition: Uint8Array<ArrayBuffer>; readonly definition: Uint8Array<ArrayBuffer> } {
    this.entries = 0;
    return { repetition: this.repetition.finish(), definition: this.definition.finish() };
  }
}

/** Reads one stream of one-bit levels, run by run. */
class RunCursor {
  level = 0;
  left = 0;
  private at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** Loads the next run when the current one is used up. */
  refill(): void {
    if (this.left > 0) return;
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      if (byte === undefined || shift > 28) throw new Damage('the levels end inside a run');
      header |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const level = this.bytes[this.at++];
    if (level === undefined) throw new Damage('the levels end inside a run');
    if ((header & 1) === 1 || header <= 0 || level > 1) throw new Damage('the levels are not runs of 0 and 1');
    this.left = header >>> 1;
    this.level = level;
  }

  get done(): boolean {
    return this.left === 0 && this.at === this.bytes.length;
  }
}

/** How far reading the levels of a column's pages has come. */
export interface ListProgress {
  /** Lists begun so far. */
  readonly lists: number;
  /** Values so far. */
  readonly values: number;
}

/**
 * Adds the lengths of the lists on one page to `lengths`, going on from the page before. Throws when the levels do not describe exactly `entries`
 * entries, or more lists than `lengths` holds.
 */
export function readListLengths(repetition: Uint8Array, definition: Uint8Array, entries: number, lengths: Int32Array, before: ListProgress): ListProgress {
  const begins = new RunCursor(repetition);
  const present = new RunCursor(definition);
  let { lists, values } = before;
  for (let left = entries; left > 0; ) {
    begins.refill();
    present.refill();
    const count = Math.min(begins.left, present.left, left);
    if (begins.level === 1) {
      if (lists === 0 || present.level === 0) throw new Damage('the levels continue a list that never began');
      lengths[lists - 1]! += count;
    } else {
      if (lists + count > lengths.length) throw new Damage(`the levels describe more than ${lengths.length} lists`);
      lengths.fill(present.level, lists, lists + count);
      lists += count;
    }
    values += present.level * count;
    begins.left -= count;
    present.left -= count;
    left -= count;
  }
  if (!begins.done || !present.done) throw new Damage(`the levels describe more than ${entries} entries`);
  return { lists, values };
}

import { TouchstoneError } from '../../errors.js';
import type { TrainingBatch } from './batch.js';
import { checkCursor, startOf, type Cursor } from './cursor.js';
import { ONLY_RANK, rankShare, type Rank } from './rank.js';
import type { SequenceFormat } from './sequence-format.js';
import { createLine, putFilling, type Piece, type SequenceLine } from './sequence-line.js';
import { TokenStream } from './token-stream.js';
import type { RowSource } from './training-rows.js';

export interface PackOptions {
  readonly format: SequenceFormat;
  /** B, of this rank. */
  readonly sequences: number;
  /**
   * `all`: N = B*T always, `eligible` says which are targets; what a selection by sequence needs. `eligible`: only targets, which plain training trains on all of;
   * N differs from batch to batch.
   */
  readonly positions: 'all' | 'eligible';
  /** Default: the only one. */
  readonly rank?: Rank;
  /** Epochs after which the batches end, those before `from` included; default Infinity. */
  readonly epochs?: number;
  /** Where to go on: `next` of the last batch that counts, also through JSON. Default: the beginning. */
  readonly from?: unknown;
}

/**
 * The batches of a rank, in order. They depend on the source's identity and the options alone; batches from a cursor on are, byte for byte, those that an
 * uninterrupted stream has there. Every token is a target in exactly one batch of one rank per epoch, except the first of a stream and, in the packed layout without
 * a prefix, the first of each row, which have no context. A batch is made when it is asked for. Memory: one batch, and a window of rows (two while one gives way to the next).
 *
 * Throws what checkCursor and the source throw; a usage error for B or a rank out of range; a data error for a source without tokens.
 */
export async function* packBatches(source: RowSource, options: PackOptions): AsyncGenerator<TrainingBatch, void, undefined> {
  const { format, sequences, rank = ONLY_RANK, epochs = Infinity } = options;
  if (!Number.isSafeInteger(sequences) || sequences < 1) throw new TouchstoneError('usage', `a batch must have a whole number of sequences from 1, got ${sequences}`);
  const identity = { ...source.identity, ...format };
  const from = options.from === undefined ? startOf(identity) : checkCursor(options.from, identity);
  const share = rankShare(rank, sequences);
  const stream = new TokenStream(source, format, from, epochs);
  const line = createLine(format);
  try {
    for (;;) {
      const batch = new OpenBatch(source, options);
      for (let number = 0; number < share.all; number++) {
        const mine = number >= share.first && number < share.end;
        const found = await stream.next(mine ? line : undefined);
        if (!found && number === 0) return;
        if (!found && mine) putFilling(line, 0, format);
        if (mine) batch.add(line);
      }
      yield batch.finish(stream.place);
    }
  } finally {
    await stream.close();
  }
}

class OpenBatch {
  readonly #options: PackOptions;
  readonly #inputIds: Int32Array<ArrayBuffer>;
  readonly #rows: Int32Array<ArrayBuffer>;
  readonly #targets: Int32Array<ArrayBuffer>;
  readonly #reference: Float32Array<ArrayBuffer> | undefined;
  readonly #entropy: Float32Array<ArrayBuffer> | undefined;
  readonly #eligible: Uint8Array<ArrayBuffer>;
  readonly #offsets: Int32Array<ArrayBuffer>;
  readonly #pieces: (readonly Piece[])[] = [];
  #targetCount = 0;

  constructor({ has }: RowSource, options: PackOptions) {
    const size = options.sequences * options.format.length;
    this.#options = options;
    this.#inputIds = new Int32Array(size);
    this.#rows = new Int32Array(size);
    this.#targets = new Int32Array(size);
    this.#reference = has.reference ? new Float32Array(size) : undefined;
    this.#entropy = has.entropy ? new Float32Array(size) : undefined;
    this.#eligible = new Uint8Array(size);
    this.#offsets = new Int32Array(options.sequences + 1);
  }

  add(line: SequenceLine): void {
    const { format, positions } = this.#options;
    const sequence = this.#pieces.length;
    const base = sequence * format.length;
    this.#inputIds.set(line.tokenIds.subarray(0, format.length), base);
    let next = this.#offsets[sequence]!;
    for (let at = 1; at <= format.length; at++) {
      const eligible = line.eligible[at]!;
      this.#targetCount += eligible;
      if (eligible === 0 && positions === 'eligible') continue;
      this.#rows[next] = base + at - 1;
      this.#targets[next] = line.tokenIds[at]!;
      if (this.#reference !== undefined) this.#reference[next] = line.reference[at]!;
      if (this.#entropy !== undefined) this.#entropy[next] = line.entropy[at]!;
      this.#eligible[next] = eligible;
      next++;
    }
    this.#offsets[sequence + 1] = next;
    this.#pieces.push([...line.pieces]);
  }

  finish(next: Cursor): TrainingBatch {
    const { sequences, format } = this.#options;
    const count = this.#offsets[sequences]!;
    const whole = <A extends Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer>>(array: A): A => (array.length === count ? array : (array.slice(0, count) as A));
    return {
      sequences,
      length: format.length,
      inputIds: this.#inputIds,
      rows: whole(this.#rows),
      targets: whole(this.#targets),
      ...(this.#reference === undefined ? {} : { reference: whole(this.#reference) }),
      ...(this.#entropy === undefined ? {} : { entropy: whole(this.#entropy) }),
      eligible: whole(this.#eligible),
      targetCount: this.#targetCount,
      sequenceOffsets: this.#offsets,
      pieces: this.#pieces,
      next,
    };
  }
}

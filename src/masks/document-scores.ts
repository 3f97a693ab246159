import type { ColumnValues, RowGroup } from '../store/index.js';
import type { MaskGroup } from './score-groups.js';

/** What a filter of whole documents goes by. */
export interface DocumentScores {
  /** Mean reference loss in nats over the scored tokens; NaN where there is none. */
  readonly meanLoss: number;
  /** Of the other scored documents of the run, the share in percent whose mean loss is lower: 0 for the quietest, 100 for the noisiest; NaN where nothing is scored. */
  readonly percentile: number;
  /** Reference loss in bits per byte of text that the scored tokens cover; NaN where there is none, or the run stores no token_bytes. */
  readonly bitsPerByte: number;
}

/** The mean losses of a whole run, by which documents are ranked. Memory: 8 bytes a document. */
export class DocumentRanks {
  readonly #sorted: Float64Array;

  constructor(means: readonly number[]) {
    this.#sorted = Float64Array.from(means).sort();
  }

  percentile(mean: number): number {
    const others = this.#sorted.length - 1;
    if (Number.isNaN(mean)) return NaN;
    return others <= 0 ? 0 : (100 * lowerThan(this.#sorted, mean)) / others;
  }
}

export function meanLossOf({ columns }: Pick<RowGroup<Pick<ColumnValues, 'n_scored' | 'loss_sum'>>, 'columns'>, row: number): number {
  return columns.n_scored[row] === 0 ? NaN : columns.loss_sum[row]! / columns.n_scored[row]!;
}

/** Bits per byte of one document; tokens without a loss count on neither side. */
export function bitsPerByteOf({ columns, offsets }: MaskGroup, row: number): number {
  const { token_bytes: bytesOf, loss_sum: sums } = columns;
  if (bytesOf === undefined || sums === undefined) return NaN;
  let bytes = 0;
  for (let token = offsets[row]!; token < offsets[row + 1]!; token++) if (!Number.isNaN(columns.ref_loss[token]!)) bytes += bytesOf[token]!;
  return bytes === 0 ? NaN : sums[row]! / Math.LN2 / bytes;
}

/** Entries of an ascending array below `value`. */
function lowerThan(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

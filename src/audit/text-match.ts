import type { AuditedRun } from './audited-run.js';
import { KeyTable, hashKey } from './key-table.js';

/** Rows of one run that are held at once, some 40 bytes each. */
export const TABLE_ROWS = 1 << 22;

/** Which rows of two runs have the same text, by doc_hash; a text that occurs n times in both matches n times, in order. */
export interface TextMatch {
  readonly matched: number;
  readonly first: RowBits;
  readonly second: RowBits;
}

/** A bit for every row of a run, by its number in the run. */
export class RowBits {
  readonly #bits: Uint8Array;
  /** Rows that were counted while reading. */
  rows = 0;

  constructor(rows: number) {
    this.#bits = new Uint8Array((rows >>> 3) + 1);
  }

  set(row: number): void {
    this.#bits[row >>> 3]! |= 1 << (row & 7);
  }

  has(row: number): boolean {
    return ((this.#bits[row >>> 3]! >>> (row & 7)) & 1) === 1;
  }
}

/** Sums of a document's losses. */
export interface RowSums {
  readonly scored: number;
  readonly lossSum: number;
}

/** Called for each pair of rows; `id` and `source` are those of the second run. */
export type OnPair = (first: RowSums, second: RowSums & { readonly tokens: number; readonly id: string; readonly source: string }) => void;

/**
 * Exact for runs of any size. Memory: a table of `tableRows` rows and two bits a row; a larger first run is matched in parts, by hash, each of which reads the columns of
 * one value a row of both runs again.
 */
export async function matchTexts(first: AuditedRun, second: AuditedRun, tableRows = TABLE_ROWS, onPair: OnPair = () => undefined): Promise<TextMatch> {
  const [rowsFirst, rowsSecond] = [recordedRows(first), recordedRows(second)];
  const bits = { first: new RowBits(rowsFirst), second: new RowBits(rowsSecond) };
  let matched = 0;
  const parts = Math.max(1, Math.ceil(rowsFirst / tableRows));
  for (let part = 0; part < parts; part++) {
    const table = new KeyTable();
    const [numbers, scored, sums]: [number[], number[], number[]] = [[], [], []];
    let at = 0;
    for await (const { columns, rows } of first.rowGroups(['doc_hash', 'n_scored', 'loss_sum'])) {
      for (let row = 0; row < rows; row++, at++) {
        const key = hashKey(columns.doc_hash[row]!);
        if (key % parts !== part) continue;
        table.add(key);
        numbers.push(at);
        scored.push(columns.n_scored[row]!);
        sums.push(columns.loss_sum[row]!);
      }
    }
    bits.first.rows = at;
    at = 0;
    for await (const { columns, rows, offsets } of second.rowGroups(['doc_hash', 'doc_id', 'source', 'n_scored', 'loss_sum'])) {
      for (let row = 0; row < rows; row++, at++) {
        const key = hashKey(columns.doc_hash[row]!);
        const entry = key % parts === part ? table.take(key) : -1;
        if (entry < 0) continue;
        matched++;
        bits.first.set(numbers[entry]!);
        bits.second.set(at);
        const tokens = offsets[row + 1]! - offsets[row]!;
        onPair({ scored: scored[entry]!, lossSum: sums[entry]! }, { scored: columns.n_scored[row]!, lossSum: columns.loss_sum[row]!, tokens, id: columns.doc_id[row]!, source: columns.source[row]! });
      }
    }
    bits.second.rows = at;
  }
  return { matched, ...bits };
}

/** Rows by the records; what cannot be read is fewer. */
function recordedRows({ units }: AuditedRun): number {
  return units.reduce((sum, { rows }) => sum + rows, 0);
}

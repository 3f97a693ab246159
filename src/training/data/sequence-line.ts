import type { TrainingRow } from './training-rows.js';
import type { SequenceFormat } from './sequence-format.js';

/** A stretch of a row in a sequence. */
export interface Piece {
  /** Position in the sequence's T + 1 tokens at which the stretch begins. */
  readonly at: number;
  readonly unit: number;
  readonly row: number;
  /** Token of the row that stands at `at`; -1 is the prefix, and the row's token count the separator. */
  readonly token: number;
}

/** One sequence while it is filled: T + 1 tokens and what is known about each as a target. The buffers are used again for the next sequence. */
export interface SequenceLine {
  /** (T + 1) */
  readonly tokenIds: Int32Array;
  /** (T + 1) nats; NaN = not scored. */
  readonly reference: Float32Array;
  /** (T + 1) */
  readonly entropy: Float32Array;
  /** (T + 1) 1 = may be a target; 0 = a prefix, or filling. */
  readonly eligible: Uint8Array;
  /** By position, without gaps. */
  readonly pieces: Piece[];
}

export function createLine({ length }: SequenceFormat): SequenceLine {
  const size = length + 1;
  return { tokenIds: new Int32Array(size), reference: new Float32Array(size), entropy: new Float32Array(size), eligible: new Uint8Array(size), pieces: [] };
}

/** Puts `count` tokens of the laid-out row, from its position `from` on, at position `at` of the line. */
export function putRow(line: SequenceLine, at: number, row: TrainingRow, from: number, count: number, format: SequenceFormat): void {
  const { tokenIds, reference, entropy } = row;
  const shift = format.prefixId === null ? 0 : 1;
  line.pieces.push({ at, unit: row.unit, row: row.row, token: from - shift });

  let to = at;
  if (from < shift) putSpecial(line, to++, format.prefixId!, format.prefixId === format.separatorId);
  const first = Math.max(0, from - shift);
  const end = Math.min(tokenIds.length, from + count - shift);
  if (end > first) {
    line.tokenIds.set(tokenIds.subarray(first, end), to);
    if (reference === undefined) line.reference.fill(NaN, to, to + end - first);
    else line.reference.set(reference.subarray(first, end), to);
    if (entropy === undefined) line.entropy.fill(NaN, to, to + end - first);
    else line.entropy.set(entropy.subarray(first, end), to);
    line.eligible.fill(1, to, to + end - first);
    to += end - first;
  }
  if (to < at + count) putSpecial(line, to, format.separatorId, true);
}

/** Fills the line up from `at` on: separators that are no targets. */
export function putFilling(line: SequenceLine, at: number, { separatorId }: SequenceFormat): void {
  line.tokenIds.fill(separatorId, at);
  line.reference.fill(NaN, at);
  line.entropy.fill(NaN, at);
  line.eligible.fill(0, at);
}

function putSpecial(line: SequenceLine, at: number, id: number, isTarget: boolean): void {
  line.tokenIds[at] = id;
  line.reference[at] = NaN;
  line.entropy[at] = NaN;
  line.eligible[at] = isTarget ? 1 : 0;
}

/** Tokens at the end of a packed row that only fill it up: separators without a loss. */
export function fillingOf({ tokenIds, reference }: TrainingRow, separatorId: number): number {
  if (reference === undefined) return 0;
  let first = tokenIds.length;
  while (first > 0 && tokenIds[first - 1] === separatorId && Number.isNaN(reference[first - 1])) first--;
  return tokenIds.length - first;
}

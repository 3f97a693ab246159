import type { Cursor } from './cursor.js';
import type { Piece } from './sequence-line.js';

/** A batch of one rank, ready for a training graph. N is B*T, or less where only eligible positions were asked for. The arrays are the receiver's. */
export interface TrainingBatch {
  /** B */
  readonly sequences: number;
  /** T */
  readonly length: number;
  /** (B, T) */
  readonly inputIds: Int32Array<ArrayBuffer>;
  /** (N) Flat positions in B*T, ascending. */
  readonly rows: Int32Array<ArrayBuffer>;
  /** (N) The token that follows each of `rows`. All below are about this token. */
  readonly targets: Int32Array<ArrayBuffer>;
  /** (N) nats; NaN = not scored, so never a candidate of a selection. Absent where the source has no losses. */
  readonly reference?: Float32Array<ArrayBuffer>;
  /** (N) nats; NaN where reference is. */
  readonly entropy?: Float32Array<ArrayBuffer>;
  /** (N) 1 = a target of training; 0 = a prefix, or filling at the end of a packed row or of the stream. */
  readonly eligible: Uint8Array<ArrayBuffer>;
  /** Number of ones in `eligible`. Can be 0, in the last batch of a stream that ends. */
  readonly targetCount: number;
  /** (B + 1) Sequence b has entries sequenceOffsets[b] to below sequenceOffsets[b + 1] of the N. */
  readonly sequenceOffsets: Int32Array<ArrayBuffer>;
  /** For each sequence, where its T + 1 tokens were read; filling is in no piece. */
  readonly pieces: readonly (readonly Piece[])[];
  /** Where the global batch after this one begins: what a checkpoint taken after this batch keeps. */
  readonly next: Cursor;
}

/** Where a token was read. */
export interface TokenOrigin {
  readonly unit: number;
  /** Row of the unit's shard. */
  readonly row: number;
  /** Token of the row; -1 for a prefix, the row's token count for a separator. */
  readonly token: number;
}

/** Where target i of a batch (0 to N - 1) was read; undefined for filling. */
export function targetOrigin(batch: TrainingBatch, i: number): TokenOrigin | undefined {
  const position = batch.rows[i]!;
  const at = (position % batch.length) + 1;
  const piece = batch.pieces[Math.floor(position / batch.length)]!.findLast((candidate) => candidate.at <= at);
  if (piece === undefined || batch.eligible[i] === 0) return undefined;
  return { unit: piece.unit, row: piece.row, token: piece.token + at - piece.at };
}

/** The rows a batch was made of, each once, in order: what an error about the whole batch names. */
export function rowsInBatch({ pieces }: TrainingBatch): readonly { readonly unit: number; readonly row: number }[] {
  const rows = new Map(pieces.flat().map(({ unit, row }) => [`${unit}/${row}`, { unit, row }]));
  return [...rows.values()];
}

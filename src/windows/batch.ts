import type { BatchShape } from './batch-shape.js';
import type { Window } from './cut.js';
import type { OpenDocument } from './open-document.js';
import type { TokenLosses } from './token-losses.js';

export type { TokenLosses } from './token-losses.js';

/** A window on its way into a batch, with the document it belongs to. */
export interface PlacedWindow {
  readonly document: OpenDocument;
  readonly window: Window;
}

/** Sequences that go through the model together, and where their losses belong. */
export interface Batch extends BatchShape {
  /** int32 (B, T), each row one window, right-padded with 0; rows without a window are all 0. */
  readonly inputIds: Int32Array<ArrayBuffer>;
  /** int32 (K, R): flat positions in B*T whose next token is scored; those behind `scored` repeat position 0. */
  readonly rows: Int32Array<ArrayBuffer>;
  /** int32 (K, R): the token that follows each of `rows`. */
  readonly targets: Int32Array<ArrayBuffer>;
  /** Leading entries of rows and targets that are real. */
  readonly scored: number;
  /** In the order of their losses. */
  readonly windows: readonly PlacedWindow[];
}

/** Positions of the windows that are scored. */
export function scoredIn(windows: readonly PlacedWindow[]): number {
  return windows.reduce((sum, { window }) => sum + window.endTarget - window.firstTarget, 0);
}

/** Lays windows out as one batch, which may have more sequences and rows than they need. */
export function makeBatch(windows: readonly PlacedWindow[], shape: BatchShape): Batch {
  const { sequences, length, chunks, chunkRows } = shape;
  const inputIds = new Int32Array(sequences * length);
  const rows = new Int32Array(chunks * chunkRows);
  const targets = new Int32Array(chunks * chunkRows);

  let next = 0;
  windows.forEach(({ document, window }, sequence) => {
    const base = sequence * length;
    for (let offset = 0; offset < window.length; offset++) inputIds[base + offset] = document.idAt(window.start + offset);
    for (let position = window.firstTarget; position < window.endTarget; position++) {
      rows[next] = base + position - window.start - 1;
      targets[next] = document.idAt(position);
      next++;
    }
  });
  return { ...shape, inputIds, rows, targets, scored: next, windows };
}

/** Puts the losses of a batch back where their tokens are; the inverse of makeBatch. Returns the number of non-finite losses. */
export function scatterLosses(batch: Batch, losses: TokenLosses): number {
  let nonfinite = 0;
  let next = 0;
  for (const { document, window } of batch.windows) {
    const count = window.endTarget - window.firstTarget;
    nonfinite += document.accept(window, losses, next);
    next += count;
  }
  return nonfinite;
}

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
export interface Batch {
  /** int32 (B, T), each row one window, right-padded with 0. */
  readonly inputIds: Int32Array<ArrayBuffer>;
  readonly sequences: number;
  readonly length: number;
  /** int32 (K, R): flat positions in B*T whose next token is scored; the tail of the last chunk repeats position 0. */
  readonly rows: Int32Array<ArrayBuffer>;
  /** int32 (K, R): the token that follows each of `rows`. */
  readonly targets: Int32Array<ArrayBuffer>;
  readonly chunks: number;
  readonly chunkRows: number;
  /** Leading entries of rows and targets that are real. */
  readonly scored: number;
  /** In the order of their losses. */
  readonly windows: readonly PlacedWindow[];
}

/**
 * Lays windows out as one batch of `length` positions a sequence. The head works on chunks of equal size of at most
 * `maxChunkRows` rows, so fewer than one row per chunk is computed in vain.
 */
export function makeBatch(windows: readonly PlacedWindow[], length: number, maxChunkRows: number): Batch {
  const scored = windows.reduce((sum, { window }) => sum + window.endTarget - window.firstTarget, 0);
  const chunks = Math.ceil(scored / maxChunkRows);
  const chunkRows = Math.ceil(scored / chunks);
  const inputIds = new Int32Array(windows.length * length);
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
  return { inputIds, sequences: windows.length, length, rows, targets, chunks, chunkRows, scored, windows };
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

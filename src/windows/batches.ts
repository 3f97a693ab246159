import type { KnownDocument, TokenizedDocument } from '../records.js';
import { makeBatch, type Batch, type PlacedWindow } from './batch.js';
import { cutWindows, type WindowOptions } from './cut.js';
import { OpenDocument } from './open-document.js';

export interface BatchOptions extends WindowOptions {
  /** Positions a batch may have, padding included; a batch of one sequence may be longer. */
  readonly batchTokens: number;
  /** Rows the loss head works on at once. */
  readonly chunkRows: number;
  readonly stats: { readonly entropy: boolean; readonly top1: boolean };
}

/** Batches whose windows are sorted by length together: more means less padding and more documents in memory. */
const LOOKAHEAD_BATCHES = 16;
/** Documents that may follow one whose windows still wait for a batch: bounds what a caller that keeps their order holds. */
const LOOKAHEAD_DOCUMENTS = 1 << 16;

/**
 * Groups the windows of a stream of documents into batches of similar length. The batches depend on the documents and the
 * options only, never on timing. `onOpen` is called with every document, in order, before a batch holds any of its windows;
 * known documents have none. Memory: the documents of LOOKAHEAD_BATCHES batches, besides those the caller still holds.
 */
export async function* batches<Item extends TokenizedDocument | KnownDocument>(
  documents: AsyncIterable<Item>,
  options: BatchOptions,
  onOpen: (document: OpenDocument | Extract<Item, KnownDocument>) => void,
): AsyncGenerator<Batch, void, undefined> {
  const room = LOOKAHEAD_BATCHES * options.batchTokens;
  let pending: PlacedWindow[] = [];
  let pendingTokens = 0;
  let waiting = 0;
  for await (const document of documents) {
    if (pending.length > 0 && ++waiting > LOOKAHEAD_DOCUMENTS) {
      yield* batchesOf(pending, options);
      pending = [];
      pendingTokens = 0;
      waiting = 0;
    }
    if (document.kind === 'known') {
      onOpen(document as Extract<Item, KnownDocument>);
      continue;
    }
    const windows = cutWindows(document.fillFrom ?? document.tokenIds.length, options);
    const open = new OpenDocument(document, windows.length, options.prefixId, options.stats);
    onOpen(open);
    for (const window of windows) {
      pending.push({ document: open, window });
      pendingTokens += window.length;
      if (pendingTokens >= room) {
        yield* batchesOf(pending, options);
        pending = [];
        pendingTokens = 0;
        waiting = 0;
      }
    }
  }
  yield* batchesOf(pending, options);
}

/** A batch of at least this share of the allowed positions may end early, before sequences much shorter than its own. */
const WORTHWHILE = 1 / 8;
/** Shorter than this share of the batch's length is much shorter. */
const SIMILAR = 0.85;

/** The given windows as batches, longest first, so that memory peaks at the start. */
function* batchesOf(windows: readonly PlacedWindow[], { contextLength, batchTokens, chunkRows }: BatchOptions): Generator<Batch, void, undefined> {
  const sorted = windows.toSorted((a, b) => b.window.length - a.window.length);
  for (let first = 0; first < sorted.length; ) {
    const length = bucketLength(sorted[first]!.window.length, contextLength);
    let end = first + 1;
    while (end < sorted.length && (end - first + 1) * length <= batchTokens) {
      if (sorted[end]!.window.length < SIMILAR * length && (end - first) * length >= WORTHWHILE * batchTokens) break;
      end++;
    }
    yield makeBatch(sorted.slice(first, end), length, chunkRows);
    first = end;
  }
}

/**
 * The length a sequence is padded to: eight steps an octave (8, 9, ... 16, 18, ... 32, 36, ...), at most `longest`. Few shapes
 * keep the runtime's memory arena small; the steps cost at most 1/9 of a sequence in padding, about 5 % on average.
 */
export function bucketLength(length: number, longest: number): number {
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(length)) - 4);
  return Math.min(longest, Math.max(8, Math.ceil(length / step) * step));
}

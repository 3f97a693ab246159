import type { KnownDocument, TokenizedDocument } from '../records.js';
import { makeBatch, scoredIn, type Batch, type PlacedWindow } from './batch.js';
import { bucketLength, fittedShape, fixedLength, fixedLengths, fixedShape, sequencesOf, type BatchShapes } from './batch-shape.js';
import { cutWindows, type WindowOptions } from './cut.js';
import { OpenDocument } from './open-document.js';

export interface BatchOptions extends WindowOptions {
  /** Positions a batch may have, padding included; a batch of one sequence may be longer. */
  readonly batchTokens: number;
  readonly shapes: BatchShapes;
  readonly stats: { readonly entropy: boolean; readonly top1: boolean };
}

/**
 * Batches whose windows are sorted by length together: more means less padding and more documents in memory. Of fixed shapes, which every batch but the last of
 * them fills, 64 have 6 to 13 % padding on log-normal mixes of lengths where 16 have 11 to 20 %.
 */
const LOOKAHEAD_BATCHES = { fitted: 16, fixed: 64 };
/** Tokens that are read before the first batch of a lookahead is made. */
export function lookaheadTokens({ batchTokens, shapes }: Pick<BatchOptions, 'batchTokens' | 'shapes'>): number {
  return LOOKAHEAD_BATCHES[shapes.kind] * batchTokens;
}

/** Documents that may follow one whose windows still wait for a batch: bounds what a caller that keeps their order holds. */
const LOOKAHEAD_DOCUMENTS = 1 << 16;

/**
 * Groups the windows of a stream of documents into batches of similar length, the longest windows of a lookahead first. The batches depend on the documents and the
 * options only, never on timing. `onOpen` is called with every document, in order, before a batch holds any of its windows;
 * known documents have none. Memory: the documents of LOOKAHEAD_BATCHES batches, besides those the caller still holds.
 */
export async function* batches<Item extends TokenizedDocument | KnownDocument>(
  documents: AsyncIterable<Item>,
  options: BatchOptions,
  onOpen: (document: OpenDocument | Extract<Item, KnownDocument>) => void,
): AsyncGenerator<Batch, void, undefined> {
  const room = lookaheadTokens(options);
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
function* batchesOf(windows: readonly PlacedWindow[], options: BatchOptions): Generator<Batch, void, undefined> {
  const sorted = windows.toSorted((a, b) => b.window.length - a.window.length);
  for (let first = 0; first < sorted.length; ) {
    const { shapes } = options;
    const batch = shapes.kind === 'fitted' ? fittedBatch(sorted, first, options, shapes.chunkRows) : fixedBatch(sorted, first, options, shapes.chunks);
    yield batch;
    first += batch.windows.length;
  }
}

function fittedBatch(sorted: readonly PlacedWindow[], first: number, { contextLength, batchTokens }: BatchOptions, chunkRows: number): Batch {
  const length = bucketLength(sorted[first]!.window.length, contextLength);
  let end = first + 1;
  while (end < sorted.length && (end - first + 1) * length <= batchTokens) {
    if (sorted[end]!.window.length < SIMILAR * length && (end - first) * length >= WORTHWHILE * batchTokens) break;
    end++;
  }
  const windows = sorted.slice(first, end);
  return makeBatch(windows, fittedShape(windows.length, length, scoredIn(windows), chunkRows));
}

function fixedBatch(sorted: readonly PlacedWindow[], first: number, { contextLength, batchTokens }: BatchOptions, chunks: number): Batch {
  const length = fixedLength(sorted[first]!.window.length, contextLength);
  const windows = sorted.slice(first, first + sequencesOf(length, batchTokens));
  return makeBatch(windows, fixedShape(length, scoredIn(windows), batchTokens, chunks));
}

/**
 * Batches of the shapes that take most memory of all that come with these options, without a window in them: a session that runs them first claims once what it will need.
 * The one has the longest sequences, for which attention needs most; the other, where the context does not divide the batch, the most positions. Shapes must be fixed.
 */
export function largestBatches({ contextLength, batchTokens }: Pick<BatchOptions, 'contextLength' | 'batchTokens'>, chunks: number): readonly Batch[] {
  const positions = (length: number): number => length * sequencesOf(length, batchTokens);
  const fullest = fixedLengths(contextLength).reduce((most, length) => (positions(length) >= positions(most) ? length : most));
  return [...new Set([contextLength, fullest])].map((length) => makeBatch([], fixedShape(length, positions(length), batchTokens, chunks)));
}

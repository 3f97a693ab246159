/** The sizes of a batch's tensors: ids (sequences, length), rows and targets of the loss head (chunks, chunkRows). */
export interface BatchShape {
  readonly sequences: number;
  readonly length: number;
  readonly chunks: number;
  readonly chunkRows: number;
}

/**
 * How batches are shaped. `fitted`: to what is in them, with chunks of at most `chunkRows` rows. `fixed`: always `chunks` chunks, and one of a few shapes, which
 * empty sequences and rows fill up: for a device that claims memory and prepares kernels anew for each shape it meets.
 */
export type BatchShapes = { readonly kind: 'fitted'; readonly chunkRows: number } | { readonly kind: 'fixed'; readonly chunks: number };

/** The shape of so many sequences of `length` positions, of which `scored` are scored, that computes fewer than one row per chunk in vain. */
export function fittedShape(sequences: number, length: number, scored: number, maxChunkRows: number): BatchShape {
  const chunks = Math.ceil(scored / maxChunkRows);
  return { sequences, length, chunks, chunkRows: Math.ceil(scored / chunks) };
}

/** Chunks of fixed shapes have a multiple of this many rows, which is a tile of a GPU's matrix product. */
const ROW_STEP = 128;

/** The fixed shape for sequences of `length` positions, a fixed length itself. */
export function fixedShape(length: number, scored: number, batchTokens: number, chunks: number): BatchShape {
  return { sequences: sequencesOf(length, batchTokens), length, chunks, chunkRows: Math.max(1, Math.ceil(scored / chunks / ROW_STEP)) * ROW_STEP };
}

/** Sequences of `length` positions in a batch of fixed shape: as many as `batchTokens` allows, one at least. */
export function sequencesOf(length: number, batchTokens: number): number {
  return Math.max(1, Math.floor(batchTokens / length));
}

/**
 * The length a sequence of a fitted batch is padded to: eight steps an octave (8, 9, ... 16, 18, ... 32, 36, ...), at most `longest`. Few shapes
 * keep the runtime's memory arena small; the steps cost at most 1/9 of a sequence in padding, about 5 % on average.
 */
export function bucketLength(length: number, longest: number): number {
  return stepped(length, longest, 8, 8);
}

/** The length a sequence of a batch of fixed shape is padded to: four steps an octave (64, 80, 96, 112, 128, 160, ...), at most `longest`; 21 up to 2048. */
export function fixedLength(length: number, longest: number): number {
  return stepped(length, longest, 4, 64);
}

/** All lengths that sequences of fixed batches are padded to, from the shortest to `longest`. */
export function fixedLengths(longest: number): readonly number[] {
  const lengths = [fixedLength(1, longest)];
  while (lengths.at(-1)! < longest) lengths.push(fixedLength(lengths.at(-1)! + 1, longest));
  return lengths;
}

function stepped(length: number, longest: number, stepsPerOctave: number, shortest: number): number {
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(length)) - 1 - Math.log2(stepsPerOctave));
  return Math.min(longest, Math.max(shortest, Math.ceil(length / step) * step));
}

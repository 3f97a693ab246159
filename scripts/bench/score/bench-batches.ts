import { createRandom } from '../../../src/math/random.js';
import { HEAD_CHUNKS } from '../../../src/graph/layers/unrolled-loss-head.js';
import type { DeviceKind, TokenizedDocument } from '../../../src/records.js';
import { headChunkRows } from '../../../src/scoring/batching.js';
import { makeBatch, scoredIn, type Batch } from '../../../src/windows/batch.js';
import { fittedShape, fixedShape, type BatchShape } from '../../../src/windows/batch-shape.js';
import { OpenDocument } from '../../../src/windows/open-document.js';

/** A batch with the name it has in the table. */
export interface BenchBatch {
  readonly name: string;
  readonly batch: Batch;
  /** Positions that are not padding. */
  readonly tokens: number;
}

/** Whole windows of drawn ids, in the shape that scoring on this kind of device gives them. */
export function fullBatch(sequences: number, length: number, vocabSize: number, device: DeviceKind = 'cpu'): BenchBatch {
  const random = createRandom(`batch of ${sequences}`);
  const rows = Array.from({ length: sequences }, () => Int32Array.from({ length }, () => random.below(vocabSize)));
  return batchOf(`T = ${length}, B = ${sequences}`, rows, vocabSize, device);
}

/** Documents as they come, padded to the longest of them. */
export function raggedBatch(documents: readonly TokenizedDocument[], vocabSize: number): BenchBatch {
  const made = batchOf('', documents.map(({ tokenIds }) => tokenIds), vocabSize);
  const { sequences, length } = made.batch;
  return { ...made, name: `${sequences} documents padded to ${length}, ${((1 - made.tokens / (sequences * length)) * 100).toFixed(0)} % padding` };
}

function batchOf(name: string, rows: readonly Int32Array<ArrayBuffer>[], vocabSize: number, device: DeviceKind = 'cpu'): BenchBatch {
  const windows = rows.map((tokenIds) => ({
    document: new OpenDocument({ kind: 'tokenized', id: '', source: '', hash: '', tokenIds }, 1, null, { entropy: false, top1: false }),
    window: { start: 0, length: tokenIds.length, firstTarget: 1, endTarget: tokenIds.length },
  }));
  const longest = Math.max(...rows.map(({ length }) => length));
  const scored = scoredIn(windows);
  const fixed = (): BatchShape => fixedShape(longest, scored, windows.length * longest, HEAD_CHUNKS);
  const batch = makeBatch(windows, device === 'cpu' ? fittedShape(windows.length, longest, scored, headChunkRows(vocabSize)) : fixed());
  return { name, batch, tokens: rows.reduce((sum, { length }) => sum + length, 0) };
}

/** The batch as PyTorch wants it: for each position the token that follows, or `ignored` where none is scored. */
export function targetGrid({ inputIds, rows, targets, scored }: Batch, ignored: number): Int32Array {
  const grid = new Int32Array(inputIds.length).fill(ignored);
  for (let at = 0; at < scored; at++) grid[rows[at]!] = targets[at]!;
  return grid;
}

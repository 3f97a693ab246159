import { createRandom } from '../../../src/math/random.js';
import type { TokenizedDocument } from '../../../src/records.js';
import { headChunkRows } from '../../../src/scoring/batching.js';
import { makeBatch, scoredIn, type Batch } from '../../../src/windows/batch.js';
import { fittedShape } from '../../../src/windows/batch-shape.js';
import { OpenDocument } from '../../../src/windows/open-document.js';

/** A batch with the name it has in the table. */
export interface BenchBatch {
  readonly name: string;
  readonly batch: Batch;
  /** Positions that are not padding. */
  readonly tokens: number;
}

/** Whole windows of drawn ids. */
export function fullBatch(sequences: number, length: number, vocabSize: number): BenchBatch {
  const random = createRandom(`batch of ${sequences}`);
  const rows = Array.from({ length: sequences }, () => Int32Array.from({ length }, () => random.below(vocabSize)));
  return batchOf(`T = ${length}, B = ${sequences}`, rows, vocabSize);
}

/** Documents as they come, padded to the longest of them. */
export function raggedBatch(documents: readonly TokenizedDocument[], vocabSize: number): BenchBatch {
  const made = batchOf('', documents.map(({ tokenIds }) => tokenIds), vocabSize);
  const { sequences, length } = made.batch;
  return { ...made, name: `${sequences} documents padded to ${length}, ${((1 - made.tokens / (sequences * length)) * 100).toFixed(0)} % padding` };
}

function batchOf(name: string, rows: readonly Int32Array<ArrayBuffer>[], vocabSize: number): BenchBatch {
  const windows = rows.map((tokenIds) => ({
    document: new OpenDocument({ kind: 'tokenized', id: '', source: '', hash: '', tokenIds }, 1, null, { entropy: false, top1: false }),
    window: { start: 0, length: tokenIds.length, firstTarget: 1, endTarget: tokenIds.length },
  }));
  const batch = makeBatch(windows, fittedShape(windows.length, Math.max(...rows.map(({ length }) => length)), scoredIn(windows), headChunkRows(vocabSize)));
  return { name, batch, tokens: rows.reduce((sum, { length }) => sum + length, 0) };
}

/** The batch as PyTorch wants it: for each position the token that follows, or `ignored` where none is scored. */
export function targetGrid({ inputIds, rows, targets, scored }: Batch, ignored: number): Int32Array {
  const grid = new Int32Array(inputIds.length).fill(ignored);
  for (let at = 0; at < scored; at++) grid[rows[at]!] = targets[at]!;
  return grid;
}

import { TouchstoneError } from '../errors.js';
import type { CorpusFile } from './corpus-file.js';
import { CorruptInput } from './corrupt-input.js';
import { openParquet, rowGroupBytes } from './parquet-file.js';

/** The part of a file that a unit reads; ends are exclusive. */
export type SliceRange =
  /** The documents whose lines begin in these bytes. */
  | { readonly kind: 'bytes'; readonly start: number; readonly end: number }
  | { readonly kind: 'rowGroups'; readonly start: number; readonly end: number }
  | { readonly kind: 'whole' };

export interface UnitSlice {
  /** Index into the corpus files. */
  readonly file: number;
  readonly range: SliceRange;
}

/** A slice of the corpus that becomes one output shard. */
export interface CorpusUnit {
  readonly index: number;
  /** In file order. */
  readonly slices: readonly UnitSlice[];
  /** Bytes on disk that the slices cover. */
  readonly bytes: number;
}

export interface UnitPlan {
  /** Target size of a unit, in bytes on disk. */
  readonly unitBytes: number;
  readonly signal?: AbortSignal;
}

interface SizedSlice extends UnitSlice {
  readonly bytes: number;
}

/**
 * Units that together cover every file exactly once, in file order. Plain JSON Lines are cut into equal byte ranges of at most unitBytes, Parquet
 * between row groups (by their compressed size); compressed files and text files stay whole. Consecutive slices share a unit as long as it
 * stays within unitBytes. A Parquet file without a readable footer becomes a whole slice, which its reader quarantines.
 * The same files and unitBytes give the same units. Throws TouchstoneError 'io' for a Parquet file that cannot be opened.
 */
export async function planUnits(files: readonly CorpusFile[], { unitBytes, signal }: UnitPlan): Promise<readonly CorpusUnit[]> {
  if (!Number.isSafeInteger(unitBytes) || unitBytes < 1) throw new TouchstoneError('usage', `corpus.unitBytes must be a positive whole number, got ${unitBytes}`);
  const units: CorpusUnit[] = [];
  let slices: UnitSlice[] = [];
  let bytes = 0;
  const close = (): void => {
    if (slices.length > 0) units.push({ index: units.length, slices, bytes });
    slices = [];
    bytes = 0;
  };
  for (const [index, file] of files.entries()) {
    signal?.throwIfAborted();
    for (const slice of await slicesOf(file, index, unitBytes)) {
      if (bytes + slice.bytes > unitBytes) close();
      slices.push({ file: slice.file, range: slice.range });
      bytes += slice.bytes;
    }
  }
  close();
  return units;
}

async function slicesOf(file: CorpusFile, index: number, unitBytes: number): Promise<readonly SizedSlice[]> {
  if (file.format === 'jsonl') return byteRanges(file, index, unitBytes);
  if (file.format === 'parquet') return rowGroupRanges(file, index, unitBytes);
  return [{ file: index, range: { kind: 'whole' }, bytes: file.bytes }];
}

function byteRanges(file: CorpusFile, index: number, unitBytes: number): readonly SizedSlice[] {
  const count = Math.max(1, Math.ceil(file.bytes / unitBytes));
  return Array.from({ length: count }, (_, i) => {
    const start = Math.floor((file.bytes / count) * i);
    const end = i + 1 === count ? file.bytes : Math.floor((file.bytes / count) * (i + 1));
    return { file: index, range: { kind: 'bytes', start, end }, bytes: end - start };
  });
}

async function rowGroupRanges(file: CorpusFile, index: number, unitBytes: number): Promise<readonly SizedSlice[]> {
  const whole: SizedSlice = { file: index, range: { kind: 'whole' }, bytes: file.bytes };
  let sizes: readonly number[];
  try {
    const parquet = await openParquet(file);
    await parquet.handle.close();
    sizes = parquet.rowGroups.map(rowGroupBytes);
  } catch (error) {
    if (error instanceof CorruptInput) return [whole];
    throw error;
  }
  const slices: SizedSlice[] = [];
  let start = 0;
  let bytes = 0;
  for (const [group, size] of sizes.entries()) {
    if (group > start && bytes + size > unitBytes) {
      slices.push({ file: index, range: { kind: 'rowGroups', start, end: group }, bytes });
      start = group;
      bytes = 0;
    }
    bytes += size;
  }
  slices.push({ file: index, range: { kind: 'rowGroups', start, end: sizes.length }, bytes });
  return slices;
}

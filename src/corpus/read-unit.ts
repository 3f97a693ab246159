import type { FileHandle } from 'node:fs/promises';
import type { CorpusItem } from '../records.js';
import { fileChunks } from '../stream/file-chunks.js';
import { type CorpusFile, openCorpusFile } from './corpus-file.js';
import type { ReadOptions } from './document.js';
import { GZIP_INPUT_BYTES, gunzip } from './gzip.js';
import { readJsonl } from './jsonl.js';
import { readParquet } from './parquet.js';
import { readTxt } from './txt.js';
import type { CorpusUnit, UnitSlice } from './units.js';
import { unzstd } from './zstd.js';

type Blocks = AsyncIterable<readonly CorpusItem[]>;

export interface ReadHooks {
  readonly signal?: AbortSignal | undefined;
  /** Called with the bytes on disk that were read since the last call, for formats that are read front to back: JSON Lines, compressed or not. */
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Every document of a unit, and every record of it that makes no document with the reason why, in file order. Reads ahead by one chunk of a
 * file (256 KiB) or one page of a Parquet column; memory does not grow with files or lines. Files are closed when the loop over the items
 * ends, however it ends. Throws the signal's reason once it is aborted, TouchstoneError 'io' where a file cannot be read or is not the planned one.
 */
export async function* readUnit(
  unit: CorpusUnit,
  files: readonly CorpusFile[],
  options: ReadOptions,
  { signal, onBytes = () => undefined }: ReadHooks = {},
): AsyncGenerator<CorpusItem, void, undefined> {
  for (const slice of unit.slices) {
    const file = files[slice.file]!;
    for await (const block of readSlice(slice, file, options, signal, onBytes)) {
      for (const item of block) {
        signal?.throwIfAborted();
        yield item;
      }
    }
  }
}

function readSlice({ range }: UnitSlice, file: CorpusFile, options: ReadOptions, signal: AbortSignal | undefined, onBytes: (bytes: number) => void): Blocks {
  const bytes = range.kind === 'bytes' ? range : { start: 0, end: file.bytes };
  const rowGroups = range.kind === 'rowGroups' ? range : { start: 0, end: Infinity };
  switch (file.format) {
    case 'jsonl':
      return withFile(file, (handle) => {
        // One byte earlier: it tells whether a line begins at the start of the range.
        const from = Math.max(0, bytes.start - 1);
        return readJsonl({ file: file.path, chunks: counted(fileChunks(handle, file.location, { start: from, end: file.bytes, signal }), onBytes), from, ...bytes }, options);
      });
    case 'jsonl.gz':
      return withFile(file, (handle) => {
        const open = (): AsyncIterable<Buffer> => counted(fileChunks(handle, file.location, { end: file.bytes, chunkBytes: GZIP_INPUT_BYTES, signal }), onBytes);
        return readJsonl({ file: file.path, chunks: gunzip(open), from: 0, start: 0, end: Infinity }, options);
      });
    case 'jsonl.zst':
      return withFile(file, (handle) => {
        const chunks = unzstd(counted(fileChunks(handle, file.location, { end: file.bytes, signal }), onBytes));
        return readJsonl({ file: file.path, chunks, from: 0, start: 0, end: Infinity }, options);
      });
    case 'parquet':
      return readParquet(file, rowGroups, options, signal);
    case 'txt':
      return oneBlock(readTxt(file, options));
  }
}

async function* withFile(file: CorpusFile, read: (handle: FileHandle) => Blocks): AsyncGenerator<readonly CorpusItem[], void, undefined> {
  const handle = await openCorpusFile(file);
  try {
    yield* read(handle);
  } finally {
    await handle.close();
  }
}

async function* counted(chunks: AsyncIterable<Buffer>, onBytes: (bytes: number) => void): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
  }
}

async function* oneBlock(item: Promise<CorpusItem>): AsyncGenerator<readonly CorpusItem[], void, undefined> {
  yield [await item];
}

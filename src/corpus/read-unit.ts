import type { FileHandle } from 'node:fs/promises';
import type { CorpusItem } from '../records.js';
import { fileChunks, type FileRange } from '../stream/file-chunks.js';
import { type CorpusFile, openCorpusFile } from './corpus-file.js';
import type { ReadOptions } from './document.js';
import { GZIP_INPUT_BYTES, gunzip } from './gzip.js';
import { readJsonl } from './jsonl.js';
import { readParquet } from './parquet.js';
import type { ReadHooks } from './read-hooks.js';
import { readTxt } from './txt.js';
import type { CorpusUnit, UnitSlice } from './units.js';
import { unzstd, ZSTD_INPUT_BYTES } from './zstd.js';

export type { ReadHooks };

type Blocks = AsyncIterable<readonly CorpusItem[]>;

/**
 * Every document of a unit, and every record of it that makes no document with the reason why, in file order. Reads ahead by one chunk of a
 * file (256 KiB) or one page of a Parquet column; memory does not grow with files or lines. Files are closed when the loop over the items
 * ends, however it ends. Throws the signal's reason once it is aborted, TouchstoneError where a file cannot be read or is not the planned one.
 */
export async function* readUnit(
  unit: CorpusUnit,
  files: readonly CorpusFile[],
  options: ReadOptions,
  hooks: ReadHooks = {},
): AsyncGenerator<CorpusItem, void, undefined> {
  for (const slice of unit.slices) {
    for await (const block of readSlice(slice, files[slice.file]!, options, hooks)) {
      for (const item of block) {
        hooks.signal?.throwIfAborted();
        yield item;
      }
    }
  }
}

function readSlice({ range }: UnitSlice, file: CorpusFile, options: ReadOptions, hooks: ReadHooks): Blocks {
  const bytes = range.kind === 'bytes' ? range : { start: 0, end: file.bytes };
  const rowGroups = range.kind === 'rowGroups' ? range : { start: 0, end: Infinity };
  switch (file.format) {
    case 'jsonl':
      return withFile(file, (handle) => {
        // One byte earlier: it tells whether a line begins at the start of the range.
        const from = Math.max(0, bytes.start - 1);
        return readJsonl({ file: file.path, chunks: chunksOf(handle, file, hooks, { start: from }), from, ...bytes }, options);
      });
    case 'jsonl.gz':
      return withFile(file, (handle) => {
        const chunks = gunzip(() => chunksOf(handle, file, hooks, { chunkBytes: GZIP_INPUT_BYTES }));
        return readJsonl({ file: file.path, chunks, from: 0, start: 0, end: Infinity }, options);
      });
    case 'jsonl.zst':
      return withFile(file, (handle) => readJsonl({ file: file.path, chunks: unzstd(chunksOf(handle, file, hooks, { chunkBytes: ZSTD_INPUT_BYTES })), from: 0, start: 0, end: Infinity }, options));
    case 'parquet':
      return readParquet(file, rowGroups, options, hooks);
    case 'txt':
      return oneBlock(readTxt(file, options), file, hooks);
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

async function* chunksOf(handle: FileHandle, file: CorpusFile, { signal, onBytes }: ReadHooks, range: FileRange = {}): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of fileChunks(handle, file.location, { ...range, end: file.bytes, signal })) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}

async function* oneBlock(item: Promise<CorpusItem>, file: CorpusFile, { onBytes }: ReadHooks): AsyncGenerator<readonly CorpusItem[], void, undefined> {
  const block = [await item];
  onBytes?.(file.bytes);
  yield block;
}

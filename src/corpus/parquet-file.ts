import type { FileHandle } from 'node:fs/promises';
import { type FileMetaData, parquetMetadataAsync, type RowGroup } from 'hyparquet';
import { messageOf, TouchstoneError } from '../errors.js';
import { readAt } from '../stream/file-chunks.js';
import { type CorpusFile, openCorpusFile } from './corpus-file.js';
import { CorruptInput } from './corrupt-input.js';

export interface ParquetFile {
  readonly file: CorpusFile;
  /** Closed by whoever opened the file. */
  readonly handle: FileHandle;
  readonly metadata: FileMetaData;
}

/** Opens a Parquet file and reads its footer. Throws CorruptInput, with the file closed, where the footer cannot be understood. */
export async function openParquet(file: CorpusFile): Promise<ParquetFile> {
  const handle = await openCorpusFile(file);
  try {
    return { file, handle, metadata: await readFooter(handle, file) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function readFooter(handle: FileHandle, file: CorpusFile): Promise<FileMetaData> {
  const source = {
    byteLength: file.bytes,
    slice: async (start: number, end = file.bytes): Promise<ArrayBuffer> => {
      const bytes = await readAt(handle, file.location, start, end - start);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    },
  };
  try {
    const metadata = await parquetMetadataAsync(source, { geoparquet: false });
    for (const group of metadata.row_groups) {
      const rows: unknown = group.num_rows;
      if (typeof rows !== 'bigint' || rows < 0n || rows > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`a row group has ${String(rows)} rows`);
    }
    return metadata;
  } catch (error) {
    if (error instanceof TouchstoneError) throw error;
    throw new CorruptInput(`the Parquet footer cannot be read (${messageOf(error)})`);
  }
}

/** Compressed bytes of a row group, all columns; 0 where a damaged footer does not say. */
export function rowGroupBytes(group: RowGroup): number {
  return group.columns.reduce((bytes, { meta_data: column }) => bytes + Math.max(0, Number(column?.total_compressed_size ?? 0n)), 0);
}

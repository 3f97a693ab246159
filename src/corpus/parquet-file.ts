import type { FileHandle } from 'node:fs/promises';
import { parquetMetadataAsync, parquetSchema, type RowGroup, type SchemaTree } from 'hyparquet';
import { readAt } from '../stream/file-chunks.js';
import { type CorpusFile, openCorpusFile } from './corpus-file.js';
import { asCorrupt, CorruptInput } from './corrupt-input.js';

export interface ParquetFile {
  readonly file: CorpusFile;
  /** Closed by whoever opened the file. */
  readonly handle: FileHandle;
  readonly rowGroups: readonly RowGroup[];
  /** The top-level columns by name. */
  readonly columns: ReadonlyMap<string, SchemaTree>;
}

/** More rows than any writer puts into one row group; a number beyond it is damage. */
const MAX_GROUP_ROWS = 2n ** 31n;

/** Opens a Parquet file and reads its footer. Throws CorruptInput, with the file closed, where the footer cannot be understood. */
export async function openParquet(file: CorpusFile): Promise<ParquetFile> {
  const handle = await openCorpusFile(file);
  try {
    return { file, handle, ...(await readFooter(handle, file)) };
  } catch (error) {
    await handle.close();
    const reason = asCorrupt(error);
    throw reason instanceof CorruptInput ? new CorruptInput(`the Parquet footer cannot be read (${reason.message})`) : reason;
  }
}

async function readFooter(handle: FileHandle, file: CorpusFile): Promise<Pick<ParquetFile, 'rowGroups' | 'columns'>> {
  const slice = async (start: number, end = file.bytes): Promise<ArrayBuffer> => {
    const bytes = await readAt(handle, file.location, start, end - start);
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  };
  const metadata = await parquetMetadataAsync({ byteLength: file.bytes, slice }, { geoparquet: false });
  for (const group of metadata.row_groups) {
    const rows: unknown = group.num_rows;
    if (typeof rows !== 'bigint' || rows < 0n || rows > MAX_GROUP_ROWS) throw new CorruptInput(`a row group has ${typeof rows === 'bigint' ? rows : 'no number of'} rows`);
  }
  // Where two columns have one name, the first is meant.
  const columns = parquetSchema(metadata).children.toReversed();
  return { rowGroups: metadata.row_groups, columns: new Map(columns.map((column) => [column.element.name, column])) };
}

/** Compressed bytes of a row group, all columns; 0 where a damaged footer does not say. */
export function rowGroupBytes(group: RowGroup): number {
  return group.columns.reduce((bytes, { meta_data: column }) => bytes + Math.max(0, Number(column?.total_compressed_size ?? 0n)), 0);
}

import { parquetMetadata, type FileMetaData } from 'hyparquet';
import { messageOf } from '../errors.js';
import { Damage } from './damage.js';
import type { ShardFile } from './shard-file.js';

/** The magic number at both ends of a Parquet file: "PAR1", little-endian. */
const MAGIC = 0x31524150;

/** The footer of a Parquet file, parsed. Throws Damage when this is no Parquet file or not a whole one. */
export async function readFooter(file: ShardFile): Promise<FileMetaData> {
  if (file.bytes < 12) throw new Damage(`a Parquet file has at least 12 bytes, it has ${file.bytes}`);
  const head = new DataView((await file.slice(0, 4)).buffer);
  const tail = new DataView((await file.slice(file.bytes - 8, file.bytes)).buffer);
  if (head.getUint32(0, true) !== MAGIC || tail.getUint32(4, true) !== MAGIC) {
    throw new Damage('a Parquet file begins and ends with "PAR1", it does not: it is something else, or was cut off');
  }
  const length = tail.getUint32(0, true);
  if (length + 12 > file.bytes) throw new Damage(`its footer claims ${length} bytes of the ${file.bytes} it has`);
  const bytes = await file.slice(file.bytes - 8 - length, file.bytes);
  try {
    return parquetMetadata(bytes, { geoparquet: false });
  } catch (cause) {
    throw new Damage(`its footer cannot be parsed: ${messageOf(cause)}`, { cause });
  }
}

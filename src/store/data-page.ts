import { crc32 } from 'node:zlib';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import parquetUtil from 'parquetjs-lite/lib/util.js';
import { splitByteStreams } from './byte-stream-split.js';
import type { ValueEncoding } from './schema.js';
import { compressZstd } from './zstd.js';

/** BYTE_STREAM_SPLIT of parquet.thrift, which is newer than the enumeration of parquetjs-lite. */
export const BYTE_STREAM_SPLIT = 9;

/** A page as it stands in the file. */
export interface EncodedPage {
  /** Header and compressed body. */
  readonly bytes: Uint8Array;
  /** Level entries: values, and one per empty list. */
  readonly entries: number;
  /** Header and body before compression. */
  readonly uncompressedBytes: number;
}

export interface PageContent {
  readonly entries: number;
  /** Absent for a column that is no list. */
  readonly levels?: { readonly repetition: Uint8Array; readonly definition: Uint8Array };
  /** The values, PLAIN. */
  readonly values: Uint8Array;
  readonly encoding: ValueEncoding;
}

/** Assembles v1 data pages: levels, values, zstd over both, a CRC-32 that every reader may check. Owns the buffer the bodies are laid out in. */
export class PageEncoder {
  private body = new Uint8Array(0);

  /** The page; nothing of `content` is referenced afterwards. The codec must be loaded. */
  encode(content: PageContent): EncodedPage {
    const body = this.layOut(content);
    const compressed = compressZstd(body);
    const header = parquetUtil.serializeThrift(
      new thrift.PageHeader({
        type: thrift.PageType['DATA_PAGE'],
        uncompressed_page_size: body.length,
        compressed_page_size: compressed.length,
        // The field is a signed 32-bit integer.
        crc: crc32(compressed) | 0,
        data_page_header: new thrift.DataPageHeader({
          num_values: content.entries,
          encoding: content.encoding === 'PLAIN' ? thrift.Encoding['PLAIN'] : BYTE_STREAM_SPLIT,
          definition_level_encoding: thrift.Encoding['RLE'],
          repetition_level_encoding: thrift.Encoding['RLE'],
        }),
      }),
    );
    return { bytes: Buffer.concat([header, compressed]), entries: content.entries, uncompressedBytes: header.length + body.length };
  }

  private layOut({ levels, values, encoding }: PageContent): Uint8Array {
    const levelBytes = levels === undefined ? 0 : 8 + levels.repetition.length + levels.definition.length;
    const size = levelBytes + values.length;
    if (this.body.length < size) this.body = new Uint8Array(size);
    const body = this.body.subarray(0, size);
    if (levels !== undefined) {
      // In a v1 page each level stream follows its length.
      const view = new DataView(body.buffer);
      view.setUint32(0, levels.repetition.length, true);
      body.set(levels.repetition, 4);
      view.setUint32(4 + levels.repetition.length, levels.definition.length, true);
      body.set(levels.definition, 8 + levels.repetition.length);
    }
    if (encoding === 'PLAIN') body.set(values, levelBytes);
    else splitByteStreams(values, body.subarray(levelBytes));
    return body;
  }
}

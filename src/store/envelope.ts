import parquet from 'parquetjs-lite';
import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import type { ByteSink } from '../stream/byte-sink.js';
import { BYTE_STREAM_SPLIT, type EncodedPage } from './data-page.js';
import { encodeFooter } from './footer.js';
import { columnEncoding, columnPath, type ColumnSpec, type LossPrecision } from './schema.js';

/**
 * The Parquet file around our pages: magic number, row groups, footer, and where everything stands. The work is parquetjs-lite's
 * ParquetEnvelopeWriter, and this class is the only one that knows it; page headers and footer are serialised by its Thrift classes.
 */
export class ShardEnvelope {
  private readonly columns: readonly ColumnSpec<string>[];
  private readonly precision: LossPrecision;
  private readonly file: parquet.ParquetEnvelopeWriter;

  private constructor(sink: ByteSink, columns: readonly ColumnSpec<string>[], precision: LossPrecision) {
    this.columns = columns;
    this.precision = precision;
    this.file = new parquet.ParquetEnvelopeWriter(parquetSchema(columns), sink, () => Promise.resolve(), 0, { pageIndex: false });
  }

  static async open(sink: ByteSink, columns: readonly ColumnSpec<string>[], precision: LossPrecision): Promise<ShardEnvelope> {
    const envelope = new ShardEnvelope(sink, columns, precision);
    await envelope.file.writeHeader();
    return envelope;
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.file.offset;
  }

  /** Writes one row group in one call of the sink; `chunks` are the pages of the columns, in file order. */
  async writeRowGroup(rows: number, chunks: readonly (readonly EncodedPage[])[]): Promise<void> {
    const pages: Record<string, parquet.Page[]> = {};
    for (const [i, column] of this.columns.entries()) {
      pages[columnPath(column).join()] = chunks[i]!.map((page) => ({ page: page.bytes, num_values: page.entries, first_row_index: 0 }));
    }
    const written = this.file.writeRowGroup({ rowCount: rows, pages });
    const group = this.file.rowGroups.at(-1)!;
    // parquetjs-lite counts the bytes it is given, and those are compressed.
    group.total_byte_size = 0;
    for (const [i, { meta_data: chunk }] of group.columns.entries()) {
      chunk.total_uncompressed_size = chunks[i]!.reduce((bytes, page) => bytes + page.uncompressedBytes, 0);
      if (columnEncoding(this.columns[i]!, this.precision) === 'BYTE_STREAM_SPLIT') chunk.encodings = [thrift.Encoding['RLE']!, BYTE_STREAM_SPLIT];
      group.total_byte_size += chunk.total_uncompressed_size;
    }
    await written;
  }

  /** Writes the footer: the file is complete. */
  async close(metadata: Readonly<Record<string, string>>): Promise<void> {
    const { columns, file } = this;
    await file.writeSection(encodeFooter({ columns, rows: file.rowCount, rowGroups: file.rowGroups, metadata }));
  }
}

/** The columns as parquetjs-lite wants them told. It knows no zstd because it would have to compress; our pages come compressed. */
function parquetSchema(columns: readonly ColumnSpec<string>[]): parquet.ParquetSchema {
  const leaf = (type: string): object => ({ type, statistics: false });
  const schema = new parquet.ParquetSchema(
    Object.fromEntries(
      columns.map(({ name, type, shape }) => [
        name,
        shape === 'row' ? leaf(type) : { type: 'LIST', fields: { list: { repeated: true, fields: { element: leaf(type) } } } },
      ]),
    ),
  );
  for (const field of schema.fieldList) field.compression = 'ZSTD';
  return schema;
}

/** The part of parquetjs-lite that the shard envelope uses. The package has no types of its own. */

declare module 'parquetjs-lite' {
  import type { RowGroup } from 'parquetjs-lite/gen-nodejs/parquet_types.js';

  interface Field {
    readonly path: readonly string[];
    compression: string;
    encoding: string;
  }

  interface ParquetSchema {
    /** Every node of the schema, parents before children. */
    readonly fieldList: readonly Field[];
  }

  interface Page {
    /** Page header and (compressed) body. */
    readonly page: Uint8Array;
    /** Level entries of the page. */
    readonly num_values: number;
    readonly first_row_index: number;
  }

  interface ParquetEnvelopeWriter {
    /** Bytes written so far. */
    readonly offset: number;
    readonly rowCount: number;
    readonly rowGroups: readonly RowGroup[];
    writeHeader(): Promise<void>;
    /** `pages`: those of each leaf column, under its path joined by commas. */
    writeRowGroup(records: { readonly rowCount: number; readonly pages: Readonly<Record<string, readonly Page[]>> }): Promise<void>;
    writeSection(section: Uint8Array): Promise<void>;
  }

  const parquet: {
    readonly ParquetSchema: new (fields: Readonly<Record<string, object>>) => ParquetSchema;
    readonly ParquetEnvelopeWriter: new (
      schema: ParquetSchema,
      write: (section: Uint8Array) => Promise<void>,
      close: () => Promise<void>,
      fileOffset: number,
      options: { readonly pageIndex: false },
    ) => ParquetEnvelopeWriter;
  };
  namespace parquet {
    export type { Page, ParquetSchema, ParquetEnvelopeWriter };
  }
  export = parquet;
}

declare module 'parquetjs-lite/gen-nodejs/parquet_types.js' {
  /** A struct of parquet.thrift: a constructor taking its fields, in the spelling of the specification. */
  type Struct<Fields> = new (fields: Fields) => Fields;

  interface ColumnMetaData {
    encodings: number[];
    total_uncompressed_size: number;
  }
  interface RowGroup {
    columns: { meta_data: ColumnMetaData }[];
    total_byte_size: number;
  }

  const thrift: {
    readonly Type: Readonly<Record<string, number>>;
    readonly ConvertedType: Readonly<Record<string, number>>;
    readonly FieldRepetitionType: Readonly<Record<string, number>>;
    readonly Encoding: Readonly<Record<string, number>>;
    readonly PageType: Readonly<Record<string, number>>;
    readonly PageHeader: Struct<object>;
    readonly DataPageHeader: Struct<object>;
    readonly FileMetaData: Struct<object>;
    readonly KeyValue: Struct<object>;
    readonly SchemaElement: Struct<object>;
    readonly LogicalType: Struct<object>;
    readonly StringType: Struct<object>;
    readonly ListType: Struct<object>;
  };
  namespace thrift {
    export type { RowGroup };
  }
  export = thrift;
}

declare module 'parquetjs-lite/lib/util.js' {
  const util: {
    /** A struct in Thrift's compact protocol. */
    readonly serializeThrift: (struct: object) => Buffer;
  };
  export = util;
}

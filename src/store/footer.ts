import thrift from 'parquetjs-lite/gen-nodejs/parquet_types.js';
import parquetUtil from 'parquetjs-lite/lib/util.js';
import { CREATED_BY, type ColumnSpec } from './schema.js';

export interface FooterContent {
  readonly columns: readonly ColumnSpec<string>[];
  readonly rows: number;
  readonly rowGroups: readonly thrift.RowGroup[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The footer of a shard: file metadata, its length, the magic number. Unlike the one parquetjs-lite writes it is signed by Touchstone, and lists and
 * strings carry the logical type of today beside the converted type of old. Metadata keys are sorted: equal metadata gives equal bytes.
 */
export function encodeFooter({ columns, rows, rowGroups, metadata }: FooterContent): Uint8Array {
  const file = parquetUtil.serializeThrift(
    new thrift.FileMetaData({
      version: 1,
      schema: [new thrift.SchemaElement({ name: 'schema', num_children: columns.length }), ...columns.flatMap(schemaElements)],
      num_rows: rows,
      row_groups: rowGroups,
      key_value_metadata: Object.keys(metadata)
        .sort()
        .map((key) => new thrift.KeyValue({ key, value: metadata[key] })),
      created_by: CREATED_BY,
    }),
  );
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(file.length, 0);
  tail.write('PAR1', 4, 'latin1');
  return Buffer.concat([file, tail]);
}

/** The nodes of one column, parents first. */
function schemaElements({ name, type, shape }: ColumnSpec<string>): object[] {
  const { REQUIRED, REPEATED } = thrift.FieldRepetitionType;
  const leaf = (leafName: string): object =>
    new thrift.SchemaElement({
      name: leafName,
      type: thrift.Type[type],
      repetition_type: REQUIRED,
      ...(type === 'BYTE_ARRAY' && { converted_type: thrift.ConvertedType['UTF8'], logicalType: new thrift.LogicalType({ STRING: new thrift.StringType({}) }) }),
    });
  if (shape === 'row') return [leaf(name)];
  const list = new thrift.SchemaElement({
    name,
    repetition_type: REQUIRED,
    num_children: 1,
    converted_type: thrift.ConvertedType['LIST'],
    logicalType: new thrift.LogicalType({ LIST: new thrift.ListType({}) }),
  });
  return [list, new thrift.SchemaElement({ name: 'list', repetition_type: REPEATED, num_children: 1 }), leaf('element')];
}

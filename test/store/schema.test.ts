import { parquetMetadata, parquetSchema } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { COLUMNS, columnPath, shardColumns } from '../../src/store/schema.js';
import { COLUMN_CHOICES, NO_COLUMNS, randomDocuments } from './documents.js';
import { shardOf } from './shards.js';

describe('the columns of a shard', () => {
  it('stand in one order, with or without the optional ones', () => {
    expect(shardColumns(COLUMN_CHOICES[15]!)).toEqual(COLUMNS);
    const required = ['doc_id', 'source', 'doc_hash', 'token_ids', 'ref_loss', 'n_tokens', 'n_scored', 'loss_sum'];
    expect(shardColumns(NO_COLUMNS).map(({ name }) => name)).toEqual(required);
    expect(shardColumns({ ...NO_COLUMNS, docStarts: true }).map(({ name }) => name)).toEqual([...required.slice(0, 5), 'doc_starts', ...required.slice(5)]);
  });

  it('are three-level lists and text in both the old and the new annotation, and never null', async () => {
    const { bytes } = await shardOf(randomDocuments('schema', 3, COLUMN_CHOICES[15]!), COLUMN_CHOICES[15]);
    const footer = parquetMetadata(bytes);
    expect(footer.created_by).toBe('Touchstone version 1');
    const fields = parquetSchema(footer).children;
    for (const [i, column] of COLUMNS.entries()) {
      const { element, children } = fields[i]!;
      expect(element).toMatchObject({ name: column.name, repetition_type: 'REQUIRED' });
      if (column.shape === 'row') {
        expect(element.type).toBe(column.type);
        if (column.type === 'BYTE_ARRAY') expect(element).toMatchObject({ converted_type: 'UTF8', logical_type: { type: 'STRING' } });
      } else {
        expect(element).toMatchObject({ converted_type: 'LIST', logical_type: { type: 'LIST' } });
        expect(children.map((child) => child.element)).toMatchObject([{ name: 'list', repetition_type: 'REPEATED' }]);
        expect(children[0]!.children.map((child) => child.element)).toMatchObject([{ name: 'element', repetition_type: 'REQUIRED', type: column.type }]);
      }
      expect(footer.row_groups[0]!.columns[i]!.meta_data!.path_in_schema).toEqual(columnPath(column));
    }
  });

  it('are described by a footer whose sizes are those of the file', async () => {
    const { bytes } = await shardOf(randomDocuments('sizes', 40, COLUMN_CHOICES[15]!), COLUMN_CHOICES[15], { rowGroupTokens: 500, lossPrecision: 'grid11' });
    for (const { columns, total_byte_size: groupBytes } of parquetMetadata(bytes).row_groups) {
      const chunks = columns.map(({ meta_data: chunk }) => chunk!);
      expect(groupBytes).toBe(chunks.reduce((sum, chunk) => sum + chunk.total_uncompressed_size, 0n));
      const losses = chunks.find((chunk) => chunk.path_in_schema[0] === 'ref_loss')!;
      expect(losses).toMatchObject({ codec: 'ZSTD', encodings: ['RLE', 'BYTE_STREAM_SPLIT'] });
      expect(losses.total_uncompressed_size).toBeGreaterThan(losses.num_values * 4n - 400n);
      expect(chunks.find((chunk) => chunk.path_in_schema[0] === 'entropy')!.encodings).toEqual(['RLE', 'PLAIN']);
    }
  });
});

import { readdirSync } from 'node:fs';
import { readFile, truncate } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type ColumnSource, parquetWriteBuffer, type ParquetWriteOptions } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import type { CorpusItem, LeftOut } from '../../src/records.js';
import { corpusFolder, documentsOf, leftOutOf, readContent, readCorpus } from './corpus-folder.js';

const fixtures = fileURLToPath(new URL('../fixtures/parquet/', import.meta.url));

/** The rows all fixtures hold; see scripts/fixtures/make-parquet-fixtures.py. */
interface ExpectedRow {
  readonly id: string;
  readonly text: string | null;
  readonly source: string | null;
}

async function expectedRows(): Promise<readonly ExpectedRow[]> {
  return (JSON.parse(await readFile(`${fixtures}expected.json`, 'utf8')) as { rows: ExpectedRow[] }).rows;
}

const write = (columnData: ColumnSource[], options: Partial<ParquetWriteOptions> = {}): Buffer => Buffer.from(parquetWriteBuffer({ columnData, codec: 'UNCOMPRESSED', ...options }));
const strings = (name: string, data: (string | null)[]): ColumnSource => ({ name, data, type: 'STRING', nullable: true });

describe('a Parquet file of another writer', () => {
  it.each(readdirSync(fixtures).filter((name) => name.endsWith('.parquet')))('gives the same documents in every encoding: %s', async (name) => {
    const offset = name === 'uint64-ids.parquet' ? 2n ** 63n : 0n;
    const expected = (await expectedRows()).map((row, position) => {
      const origin = { file: name, position, positionKind: 'row' };
      const id = String(BigInt(row.id) + offset);
      if (row.text === null) return { kind: 'quarantined', reason: 'text-not-a-string', id, origin };
      if (row.text === '') return { kind: 'skipped', reason: 'empty-text', id, origin };
      return { kind: 'document', id, text: row.text, source: row.source ?? name, origin };
    });
    const whole = await readCorpus([fixtures + name]);
    expect(whole).toMatchObject(expected);
    expect(whole).toHaveLength(expected.length);
    expect(await readCorpus([fixtures + name], {}, 1)).toEqual(whole);
  });
});

describe('the rows of a Parquet file', () => {
  it('are documents with ids from strings, integers or the row', async () => {
    const text = strings('text', ['a', 'b']);
    const id = async (source: ColumnSource): Promise<unknown> => (await readContent('p.parquet', write([text, source]))).map((item) => (item.kind === 'document' ? item.id : item.reason));
    expect(await id(strings('id', ['x', null]))).toEqual(['x', 'p.parquet:1']);
    expect(await id({ name: 'id', data: [1, -2], type: 'INT32' })).toEqual(['1', '-2']);
    expect(await id({ name: 'id', data: [2n ** 62n, -(2n ** 63n)], type: 'INT64' })).toEqual([String(2n ** 62n), String(-(2n ** 63n))]);
    expect(await id({ name: 'id', data: [7, 1.5], type: 'DOUBLE' })).toEqual(['7', 'invalid-id']);
    expect(await id({ name: 'id', data: [true, false], type: 'BOOLEAN' })).toEqual(['invalid-id', 'invalid-id']);
    expect(await id({ name: 'id', data: [new Date(0), new Date(1)], type: 'TIMESTAMP' })).toEqual(['invalid-id', 'invalid-id']);
    expect(await id({ name: 'id', data: ['123e4567-e89b-12d3-a456-426614174000', '00000000-0000-0000-0000-000000000001'], type: 'UUID' })).toEqual(['123e4567-e89b-12d3-a456-426614174000', '00000000-0000-0000-0000-000000000001']);
    expect(await id(strings('other', ['x', 'y']))).toEqual(['p.parquet:0', 'p.parquet:1']);
  });

  it('may join several columns, and read one column for several fields', async () => {
    const content = write([strings('question', ['q']), strings('answer', ['a'])]);
    const items = await readContent('p.parquet', content, { textField: ['question', 'answer'], idField: 'answer', sourceField: 'answer' });
    expect(items).toMatchObject([{ text: 'q\na', id: 'a', source: 'a' }]);
  });

  it('are left out one by one, with their row', async () => {
    const bytes = (text: string, encoding: BufferEncoding = 'utf8'): Uint8Array => Buffer.from(text, encoding);
    const data = [bytes('fine'), bytes('caf\xe9', 'latin1'), bytes(''), bytes('x'.repeat(101)), bytes('eda080', 'hex'), bytes('x'.repeat(100))];
    const items = await readContent('p.parquet', write([{ name: 'text', data, type: 'BYTE_ARRAY' }]), { maxLineBytes: 100 });
    expect(items).toMatchObject([
      { kind: 'document' },
      { reason: 'invalid-utf8', detail: 'field "text" is not UTF-8 at its byte 3', origin: { position: 1, positionKind: 'row' } },
      { kind: 'skipped', reason: 'empty-text' },
      { reason: 'line-too-long', detail: 'the text has at least 101 bytes, the limit is 100', origin: { position: 3 } },
      { reason: 'invalid-utf8', origin: { position: 4 } },
      { kind: 'document' },
    ]);
  });

  it('have no text where the column is absent, nested or of another type', async () => {
    const content = write([strings('content', ['a']), { name: 'n', data: [7], type: 'INT32' }, { name: 'when', data: [new Date(0)], type: 'TIMESTAMP' }]);
    const problem = async (field: string, path = content): Promise<unknown> => (await readContent('p.parquet', path, { textField: [field] }))[0];
    expect(await problem('text')).toMatchObject({ reason: 'missing-text', detail: 'the record has no field "text", only "content", "n", "when"' });
    expect(await problem('n')).toMatchObject({ reason: 'text-not-a-string', detail: 'field "n" is a number, expected a string' });
    expect(await problem('when')).toMatchObject({ reason: 'text-not-a-string', detail: 'field "when" is a Parquet TIMESTAMP_MILLIS, expected a string' });
    expect(await problem('tags', await readFile(`${fixtures}plain.parquet`))).toMatchObject({ reason: 'text-not-a-string', detail: 'field "tags" is an array, expected a string' });
    expect(await problem('__proto__')).toMatchObject({ reason: 'missing-text' });
    expect(await problem('constructor')).toMatchObject({ reason: 'missing-text' });
  });

  it('come a few at a time from a column whose one dictionary entry stands for all of them', async () => {
    // 4,000 rows of one text of 100 kB are 400 MB of text in a file of 100 kB.
    const data = Array.from({ length: 4000 }, () => 'x'.repeat(100_000));
    const { write: writeFile } = await corpusFolder();
    const location = await writeFile('p.parquet', write([{ name: 'text', data, type: 'STRING' }], { rowGroupSize: 4000 }));
    data.length = 0;
    const { findCorpusFiles } = await import('../../src/corpus/find-files.js');
    const { readParquet } = await import('../../src/corpus/parquet.js');
    const { files } = await findCorpusFiles({ paths: [location] });
    expect(files[0]!.bytes).toBeLessThan(1_000_000);
    let rows = 0;
    let largest = 0;
    for await (const block of readParquet(files[0]!, { start: 0, end: 1 }, { textField: ['text'], idField: 'id', sourceField: 'source', maxLineBytes: 1e6 })) {
      rows += block.length;
      largest = Math.max(largest, block.length);
    }
    expect(rows).toBe(4000);
    expect(largest).toBeLessThanOrEqual(11);
  });
});

describe('a damaged Parquet file', () => {
  const content = (): Buffer => write([strings('text', Array.from({ length: 60 }, (_, i) => `document ${i}`)), { name: 'id', data: Array.from({ length: 60 }, (_, i) => i), type: 'INT32' }], { rowGroupSize: 20, pageSize: 100 });

  it('without a footer is one item for the whole file', async () => {
    for (const bytes of [content().subarray(0, 500), Buffer.alloc(0), Buffer.from('PAR1'), Buffer.from('not Parquet at all'), Buffer.concat([Buffer.alloc(100), Buffer.from('ffffff7f', 'hex'), Buffer.from('PAR1')])]) {
      const items = await readContent('p.parquet', bytes);
      expect(items).toMatchObject([{ kind: 'quarantined', reason: 'truncated-input', origin: { file: 'p.parquet', position: 0, positionKind: 'row' } }]);
      expect((items[0] as LeftOut).detail).toMatch(/^the Parquet footer cannot be read \(.*\); what the file holds is unknown$/);
    }
  });

  it('gives the rows before the fault and all other row groups', async () => {
    const damaged = content();
    // A length in the text of row 37, in the second row group.
    const at = damaged.indexOf('document 37');
    damaged.writeUInt32LE(0x7fffffff, at - 4);
    const items = await readContent('p.parquet', damaged);
    const rows = documentsOf(items).map((item) => item.origin.position);
    const fault = leftOutOf(items);
    expect(fault).toHaveLength(1);
    const first = fault[0]!.origin.position;
    expect(first).toBeGreaterThan(20);
    expect(first).toBeLessThanOrEqual(37);
    expect(fault[0]).toMatchObject({ reason: 'truncated-input', detail: `rows ${first} to 39 cannot be read: a page ends inside its values` });
    expect(rows).toEqual([...Array.from({ length: first }, (_, i) => i), ...Array.from({ length: 20 }, (_, i) => 40 + i)]);
  });

  it('is noticed by its page checksums', async () => {
    const good = await readFile(`${fixtures}small-pages.parquet`);
    const before = await readContent('p.parquet', good);
    const noticed: number[] = [];
    // The word stands in the values of pages, and in statistics, where it does no harm.
    for (let at = good.indexOf('emoji'); at >= 0; at = good.indexOf('emoji', at + 1)) {
      const damaged = Buffer.from(good);
      damaged[at]! ^= 1;
      const items = await readContent('p.parquet', damaged);
      const fault = items.at(-1) as LeftOut;
      if (fault.reason === 'truncated-input') {
        expect(fault.detail).toBe(`rows ${items.length - 1} to 39 cannot be read: a page does not match its checksum`);
        noticed.push(items.length - 1);
      }
      expect(items.slice(0, -1)).toEqual(before.slice(0, items.length - 1));
    }
    expect(noticed.length).toBeGreaterThan(5);
  });

  it('with any flipped bit ends without an exception, in well-formed documents and reasons', async () => {
    const random = createRandom('parquet faults');
    const { write: writeFile } = await corpusFolder();
    for (const name of ['snappy', 'pages-v2-uncompressed', 'delta', 'dictionary', 'gzip', 'lz4']) {
      const good = await readFile(`${fixtures}${name}.parquet`);
      const footer = good.length - 8 - good.readUInt32LE(good.length - 8);
      for (let round = 0; round < 80; round++) {
        const damaged = Buffer.from(good);
        for (let flips = random.between(1, 3); flips > 0; flips--) damaged[round % 2 === 0 ? random.below(damaged.length) : random.between(footer, damaged.length - 1)]! ^= 1 << random.below(8);
        const items = await readCorpus([await writeFile('p.parquet', damaged)]);
        expect(items.every(isWellFormed), `${name}, round ${round}`).toBe(true);
      }
    }
  });

  it('cut off anywhere ends without an exception', async () => {
    const { write: writeFile } = await corpusFolder();
    const location = await writeFile('p.parquet', content());
    for (let end = content().length - 1; end > 0; end -= 97) {
      await truncate(location, end);
      expect(await readCorpus([location])).toMatchObject([{ reason: 'truncated-input' }]);
    }
  });
});

function isWellFormed(item: CorpusItem): boolean {
  return item.kind === 'document' ? item.text.isWellFormed() && item.text.length > 0 : item.detail.length <= 300;
}

import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import type { CorpusFile } from '../../src/corpus/corpus-file.js';
import { findCorpusFiles } from '../../src/corpus/find-files.js';
import { type CorpusUnit, planUnits } from '../../src/corpus/units.js';
import { corpusFolder } from './corpus-folder.js';

const file = (path: string, bytes: number, format: CorpusFile['format'] = 'jsonl'): CorpusFile => ({ path, location: `/corpus/${path}`, bytes, format });

const shape = (units: readonly CorpusUnit[]): unknown[] => units.map((unit) => unit.slices.map(({ file: index, range }) => (range.kind === 'whole' ? [index] : [index, range.start, range.end])));

describe('the units of a corpus', () => {
  it('are equal byte ranges of a large JSON Lines file, none over the target', async () => {
    const units = await planUnits([file('a.jsonl', 1000)], { unitBytes: 300 });
    expect(units).toEqual([
      { index: 0, slices: [{ file: 0, range: { kind: 'bytes', start: 0, end: 250 } }], bytes: 250 },
      { index: 1, slices: [{ file: 0, range: { kind: 'bytes', start: 250, end: 500 } }], bytes: 250 },
      { index: 2, slices: [{ file: 0, range: { kind: 'bytes', start: 500, end: 750 } }], bytes: 250 },
      { index: 3, slices: [{ file: 0, range: { kind: 'bytes', start: 750, end: 1000 } }], bytes: 250 },
    ]);
  });

  it('are whole compressed files and text files, however large', async () => {
    const units = await planUnits([file('a.jsonl.gz', 1000, 'jsonl.gz'), file('b.jsonl.zst', 1000, 'jsonl.zst'), file('c.txt', 1000, 'txt')], { unitBytes: 300 });
    expect(shape(units)).toEqual([[[0]], [[1]], [[2]]]);
  });

  it('gather small files up to the target: 10,000 files do not make 10,000 units', async () => {
    const files = Array.from({ length: 10_000 }, (_, i) => file(`${i}.txt`, 1000, 'txt'));
    const units = await planUnits(files, { unitBytes: 1_000_000 });
    expect(units.length).toBe(10);
    expect(units.map((unit) => unit.bytes)).toEqual(Array.from({ length: 10 }, () => 1_000_000));
    expect(units.flatMap((unit) => unit.slices.map((slice) => slice.file))).toEqual(files.map((_, i) => i));
  });

  it('cover every byte of every file once, in order, for any target', async () => {
    const files = [0, 1, 999, 5000, 3, 0, 777].map((bytes, i) => file(`${i}.jsonl`, bytes));
    for (const unitBytes of [1, 7, 1000, 1001, 4999, 10 ** 9]) {
      const units = await planUnits(files, { unitBytes });
      expect(units.map((unit) => unit.index)).toEqual(units.map((_, i) => i));
      const read = files.map((): string[] => []);
      const ends = files.map(() => 0);
      for (const slice of units.flatMap((unit) => unit.slices)) {
        if (slice.range.kind !== 'bytes') throw new Error('a JSON Lines file is read by bytes');
        if (slice.range.start !== ends[slice.file]) read[slice.file]!.push(`gap or overlap at ${slice.range.start}`);
        ends[slice.file] = slice.range.end;
      }
      expect(read.flat()).toEqual([]);
      expect(ends).toEqual(files.map(({ bytes }) => bytes));
    }
  });

  it('are ranges of row groups of a Parquet file, by their size on disk', async () => {
    const { write } = await corpusFolder();
    const texts = Array.from({ length: 100 }, (_, i) => `${i} `.repeat(500));
    const location = await write('a.parquet', Buffer.from(parquetWriteBuffer({ columnData: [{ name: 'text', data: texts, type: 'STRING' }], rowGroupSize: 10, codec: 'UNCOMPRESSED' })));
    const { files } = await findCorpusFiles({ paths: [location] });
    expect(shape(await planUnits(files, { unitBytes: 1 }))).toEqual(Array.from({ length: 10 }, (_, i) => [[0, i, i + 1]]));
    expect(shape(await planUnits(files, { unitBytes: 10 ** 9 }))).toEqual([[[0, 0, 10]]]);
    const units = await planUnits(files, { unitBytes: 50_000 });
    expect(units.length).toBeGreaterThan(2);
    expect(units.length).toBeLessThan(10);
    expect(Math.max(...units.map((unit) => unit.bytes))).toBeLessThanOrEqual(50_000);
  });

  it('leave a Parquet file without a readable footer whole, for its reader to quarantine', async () => {
    const { write } = await corpusFolder();
    const { files } = await findCorpusFiles({ paths: [await write('a.parquet', 'PAR1 is not enough')] });
    expect(shape(await planUnits(files, { unitBytes: 1 }))).toEqual([[[0]]]);
  });

  it('need a positive target, files that are still there, and an unaborted signal', async () => {
    for (const unitBytes of [0, -1, 1.5, NaN, Infinity]) await expect(planUnits([], { unitBytes })).rejects.toMatchObject({ kind: 'usage' });
    await expect(planUnits([file('gone.parquet', 100, 'parquet')], { unitBytes: 10 })).rejects.toMatchObject({ kind: 'io', message: 'cannot read /corpus/gone.parquet: it does not exist' });
    await expect(planUnits([file('a.jsonl', 1)], { unitBytes: 10, signal: AbortSignal.abort() })).rejects.toThrow('aborted');
    expect(await planUnits([], { unitBytes: 10 })).toEqual([]);
  });
});

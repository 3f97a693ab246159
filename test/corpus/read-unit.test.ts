import { existsSync } from 'node:fs';
import { unlink, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { compress, init } from '@bokuweb/zstd-wasm';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { beforeAll, describe, expect, it } from 'vitest';
import { findCorpusFiles } from '../../src/corpus/find-files.js';
import { readUnit } from '../../src/corpus/read-unit.js';
import { planUnits } from '../../src/corpus/units.js';
import { createRandom } from '../../src/math/random.js';
import { corpusFolder, documentsOf, leftOutOf, readCorpus, readOptions } from './corpus-folder.js';
import { openPathsBelow } from './open-files.js';

beforeAll(() => init());

interface Row {
  readonly id: string;
  readonly text: string;
}

function rowsOf(count: number): Row[] {
  const random = createRandom('rows');
  const word = (): string => random.pick(['loss', 'Maß', '日本', '🙂', 'a\tb', 'line\nbreak', '"quoted"', '\\', '\u0000']);
  return Array.from({ length: count }, (_, i) => ({ id: `row ${i}`, text: Array.from({ length: random.between(1, 40) }, word).join(' ') }));
}

const jsonl = (rows: readonly Row[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const parquet = (rows: readonly Row[]): Buffer =>
  Buffer.from(
    parquetWriteBuffer({
      columnData: [
        { name: 'id', data: rows.map((row) => row.id), type: 'STRING' },
        { name: 'text', data: rows.map((row) => row.text), type: 'STRING' },
      ],
      rowGroupSize: 100,
    }),
  );

/** The same rows in every format that holds records. */
function everyFormat(rows: readonly Row[]): Record<string, Uint8Array> {
  const text = jsonl(rows);
  const half = jsonl(rows.slice(0, rows.length >> 1)).length;
  const bytes = Buffer.from(text);
  return {
    'a.jsonl': bytes,
    'a.jsonl.gz': gzipSync(bytes),
    'members.jsonl.gz': Buffer.concat([gzipSync(bytes.subarray(0, half)), gzipSync(bytes.subarray(half))]),
    'a.jsonl.zst': compress(bytes, 3),
    'frames.jsonl.zst': Buffer.concat([compress(bytes.subarray(0, half), 3), compress(bytes.subarray(half), 19)]),
    'a.parquet': parquet(rows),
  };
}

describe('the documents of a corpus', () => {
  it('are the same in every format', async () => {
    const rows = rowsOf(1000);
    const { write } = await corpusFolder();
    for (const [name, content] of Object.entries(everyFormat(rows))) {
      const items = await readCorpus([await write(name, content)]);
      expect(items.length, name).toBe(rows.length);
      expect(documentsOf(items).map(({ id, text }) => ({ id, text }))).toEqual(rows);
      expect(new Set(documentsOf(items).map((item) => item.source))).toEqual(new Set([name]));
    }
  });

  it('have the byte offsets of the uncompressed text', async () => {
    const rows = rowsOf(50);
    const { write } = await corpusFolder();
    const formats = everyFormat(rows);
    const positions = async (name: string): Promise<number[]> => (await readCorpus([await write(name, formats[name]!)])).map((item) => item.origin.position);
    const expected = await positions('a.jsonl');
    expect(new Set(expected).size).toBe(50);
    for (const name of ['a.jsonl.gz', 'members.jsonl.gz', 'a.jsonl.zst', 'frames.jsonl.zst']) expect(await positions(name)).toEqual(expected);
    expect(await positions('a.parquet')).toEqual(rows.map((_, i) => i));
  });

  it('come in the order of the files, and do not depend on how the corpus is cut into units', async () => {
    const rows = rowsOf(700);
    const { path, write } = await corpusFolder();
    for (const [name, content] of Object.entries(everyFormat(rows))) await write(`${name.length % 3}/${name}`, content);
    await write('note.txt', 'a text file');
    const whole = await readCorpus([path]);
    expect(whole).toHaveLength(6 * 700 + 1);
    const files = documentsOf(whole).map((item) => item.origin.file);
    expect(files).toEqual(files.toSorted());
    for (const unitBytes of [1000, 12_345, 100_000]) expect(await readCorpus([path], {}, unitBytes)).toEqual(whole);
  });

  it('of a gzip file cut off anywhere are those before the cut, and one item says that the rest is unknown', async () => {
    const { write } = await corpusFolder();
    const compressed = gzipSync(jsonl(rowsOf(300)));
    const whole = await readCorpus([await write('a.jsonl.gz', compressed)]);
    for (let end = 0; end < compressed.length; end += 97) {
      const items = await readCorpus([await write('a.jsonl.gz', compressed.subarray(0, end))]);
      expect(items.slice(0, -1), `cut at ${end}`).toEqual(whole.slice(0, items.length - 1));
      const position = whole[items.length - 1]?.origin.position;
      expect(items.at(-1)).toMatchObject({
        kind: 'quarantined',
        reason: 'truncated-input',
        origin: { file: 'a.jsonl.gz', position, positionKind: 'byte' },
        detail: `the gzip stream ends too early; what the file holds from byte ${position} of its text on is unknown`,
      });
    }
  });

  it('of a zstd file cut off in a later frame are those of the frames before', async () => {
    const rows = rowsOf(200);
    const { write } = await corpusFolder();
    const frames = Buffer.concat([compress(Buffer.from(jsonl(rows.slice(0, 100))), 3), compress(Buffer.from(jsonl(rows.slice(100))), 3)]);
    const items = await readCorpus([await write('a.jsonl.zst', frames.subarray(0, -5))]);
    expect(documentsOf(items).slice(0, 100).map((item) => item.id)).toEqual(rows.slice(0, 100).map((row) => row.id));
    expect(leftOutOf(items)).toMatchObject([{ reason: 'truncated-input', origin: { positionKind: 'byte' } }]);
  });

  it('never include the beginning of one that a cut-off file breaks off in', async () => {
    const { write } = await corpusFolder();
    // Cut into the gzip trailer: every character of the last line is there, but not the proof that it was the last.
    const compressed = gzipSync('{"text":"a"}\n{"text":"b"}');
    const items = await readCorpus([await write('a.jsonl.gz', compressed.subarray(0, -8))]);
    expect(items).toMatchObject([{ text: 'a' }, { reason: 'truncated-input', origin: { position: 13 } }]);
  });
});

describe('reading a unit', () => {
  it('closes its files when the loop is left, and when it ends', async () => {
    const { path, write } = await corpusFolder();
    for (const [name, content] of Object.entries(everyFormat(rowsOf(300)))) await write(name, content);
    await write('note.txt', 'x');
    const { files } = await findCorpusFiles({ paths: [path] });
    const units = await planUnits(files, { unitBytes: 1000 });
    for (const unit of units) {
      for await (const item of readUnit(unit, files, readOptions)) {
        if (item.kind === 'document') break;
      }
      expect(await openPathsBelow(path)).toEqual([]);
    }
    await readCorpus([path]);
    expect(await openPathsBelow(path)).toEqual([]);
  });

  it('stops at an aborted signal before the next document, with its reason, and closes its files', async () => {
    const { path, write } = await corpusFolder();
    for (const [name, content] of Object.entries(everyFormat(rowsOf(300)))) {
      const { files } = await findCorpusFiles({ paths: [await write(name, content)] });
      const [unit] = await planUnits(files, { unitBytes: 1e9 });
      const controller = new AbortController();
      let read = 0;
      const reading = (async () => {
        for await (const item of readUnit(unit!, files, readOptions, { signal: controller.signal })) {
          if (item.kind === 'document' && ++read === 10) controller.abort(new Error('the user has had enough'));
        }
      })();
      await expect(reading, name).rejects.toThrow('the user has had enough');
      expect(read).toBe(10);
    }
    expect(await openPathsBelow(path)).toEqual([]);
  });

  it('tells how many bytes of the files it has read', async () => {
    const { write } = await corpusFolder();
    for (const [name, content] of Object.entries({ ...everyFormat(rowsOf(2000)), 'note.txt': Buffer.from('a text file') })) {
      const { files } = await findCorpusFiles({ paths: [await write(name, content)] });
      for (const unit of await planUnits(files, { unitBytes: 20_000 })) {
        let total = 0;
        for await (const item of readUnit(unit, files, readOptions, { onBytes: (bytes) => { total += bytes; } })) expect(item.kind).toBe('document');
        // A range of JSON Lines is read in whole chunks, and to the end of its last line.
        if (name === 'a.jsonl') expect(total).toBeGreaterThanOrEqual(unit.bytes);
        else expect(total, name).toBe(unit.bytes);
      }
    }
  });

  it('of a byte range reads no further than the chunk in which its last line ends', async () => {
    const { write } = await corpusFolder();
    const { files } = await findCorpusFiles({ paths: [await write('a.jsonl', jsonl(rowsOf(10_000)))] });
    expect(files[0]!.bytes).toBeGreaterThan(1_000_000);
    for (const unit of await planUnits(files, { unitBytes: 100_000 })) {
      let total = 0;
      for await (const item of readUnit(unit, files, readOptions, { onBytes: (bytes) => { total += bytes; } })) expect(item.kind).toBe('document');
      expect(total).toBeLessThanOrEqual(2 * 256 * 1024);
    }
  });

  it('refuses a file that is gone or no longer the one that was listed', async () => {
    const { write } = await corpusFolder();
    const rows = rowsOf(5);
    for (const [name, content] of Object.entries(everyFormat(rows))) {
      const location = await write(name, content);
      const { files } = await findCorpusFiles({ paths: [location] });
      const [unit] = await planUnits(files, { unitBytes: 1e9 });
      await writeFile(location, Buffer.concat([content, Buffer.from('\n')]));
      await expect(readUnit(unit!, files, readOptions).next(), name).rejects.toMatchObject({ kind: 'io', message: `${location} has ${content.length + 1} bytes, expected ${content.length}: it changed since the corpus was listed` });
      await unlink(location);
      await expect(readUnit(unit!, files, readOptions).next()).rejects.toMatchObject({ kind: 'io', message: `cannot read ${location}: it does not exist` });
    }
  });

  it('measures a line of 200 MB inside a gzip file without holding it', async () => {
    const { write } = await corpusFolder();
    const { Readable } = await import('node:stream');
    const { pipeline } = await import('node:stream/promises');
    const { createGzip } = await import('node:zlib');
    const { createWriteStream } = await import('node:fs');
    const location = await write('a.jsonl.gz', '');
    const parts = function* (): Generator<Buffer> {
      yield Buffer.from('{"text":"before"}\n');
      for (let i = 0; i < 200; i++) yield Buffer.alloc(1_000_000, 'x');
      yield Buffer.from('\n{"text":"after"}\n');
    };
    await pipeline(Readable.from(parts()), createGzip({ level: 1 }), createWriteStream(location));
    const inUse = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external;
    const before = inUse();
    let peak = 0;
    const watch = setInterval(() => { peak = Math.max(peak, inUse() - before); }, 20);
    const items = await readCorpus([location]);
    clearInterval(watch);
    expect(items).toMatchObject([{ text: 'before' }, { reason: 'line-too-long', origin: { position: 18 }, detail: 'the line has 200000000 bytes, the limit is 1000000' }, { text: 'after' }]);
    expect(peak).toBeLessThan(100 * 1024 * 1024);
  });
});

describe('real text', () => {
  const data = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

  it.skipIf(!existsSync(`${data}gsm8k-train.jsonl`))('reads 7,473 problems of GSM8K (skipped where ../shared/data is absent)', async () => {
    const options = { textField: ['question', 'answer'] };
    const items = await readCorpus([`${data}gsm8k-train.jsonl`], options);
    expect(documentsOf(items)).toHaveLength(7473);
    expect(leftOutOf(items)).toEqual([]);
    expect(new Set(documentsOf(items).map((item) => item.id)).size).toBe(7473);
    expect(await readCorpus([`${data}gsm8k-train.jsonl`], options, 100_000)).toEqual(items);
  });

  it.skipIf(!existsSync(`${data}tinyshakespeare.txt`))('reads Shakespeare as one document (skipped where ../shared/data is absent)', async () => {
    const items = await readCorpus([`${data}tinyshakespeare.txt`], { maxLineBytes: 2_000_000 });
    expect(items).toMatchObject([{ kind: 'document', id: 'tinyshakespeare.txt:0' }]);
    expect(documentsOf(items)[0]?.text).toHaveLength(1_115_394);
  });
});

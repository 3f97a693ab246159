/**
 * Reads the same documents from every input format and prints how fast: MB of text (UTF-8) a second from the page cache, and a second of processor
 * time, which says more on a machine that others use too; medians of interleaved rounds. The texts are slices of a real file where one is
 * given, else of generated words.
 *
 *   npx tsx scripts/bench/corpus.ts [text file] [--megabytes 64] [--rounds 5]
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { compress, init } from '@bokuweb/zstd-wasm';
import { parquetWriteFile } from 'hyparquet-writer';
import { findCorpusFiles } from '../../src/corpus/find-files.js';
import { readUnit } from '../../src/corpus/read-unit.js';
import { planUnits } from '../../src/corpus/units.js';
import { createRandom } from '../../src/math/random.js';

const MEGABYTE = 1e6;
const ROWS_PER_GROUP = 10_000;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { megabytes: { type: 'string', default: '64' }, rounds: { type: 'string', default: '5' } } });

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'corpus-bench-'));
  try {
    const texts = cut(await sourceText(positionals[0]), Number(values.megabytes) * MEGABYTE);
    const textMegabytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / MEGABYTE;
    const files = await writeFormats(folder, texts);
    const rates = new Map(files.map((file) => [file, { wall: [] as number[], processor: [] as number[] }]));
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [file, { wall, processor }] of rates) {
        const seconds = await secondsToRead(file, texts.length);
        wall.push(textMegabytes / seconds.wall);
        processor.push(textMegabytes / seconds.processor);
      }
    }
    console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}; ${texts.length} documents, ${textMegabytes.toFixed(0)} MB of text, median of ${values.rounds} rounds\n`);
    console.log('| file | file MB | MB/s (min - max) | MB/s of processor time |\n|---|---|---|---|');
    for (const [file, { wall, processor }] of rates) {
      const size = (await stat(file)).size / MEGABYTE;
      const spread = `${Math.min(...wall).toFixed(0)} - ${Math.max(...wall).toFixed(0)}`;
      console.log(`| ${file.slice(folder.length + 1)} | ${size.toFixed(1)} | ${median(wall).toFixed(0)} (${spread}) | ${median(processor).toFixed(0)} |`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function sourceText(path: string | undefined): Promise<string> {
  if (path !== undefined) return readFile(path, 'utf8');
  const random = createRandom('corpus bench');
  const words = Array.from({ length: 5000 }, () => Array.from({ length: random.between(2, 9) }, () => random.pick(['e', 't', 'a', 'o', 'i', 'n', 's', 'h', 'r', 'd', 'l', 'u'])).join(''));
  return Array.from({ length: 200_000 }, () => random.pick(words)).join(' ');
}

/** Documents of 200 to 3,000 characters, cut from the text over and over. */
function cut(text: string, bytes: number): string[] {
  const random = createRandom('documents');
  const texts: string[] = [];
  for (let total = 0, at = 0; total < bytes; ) {
    const length = random.between(200, 3000);
    if (at + length > text.length) at = 0;
    const document = text.slice(at, at + length).toWellFormed();
    texts.push(document);
    total += Buffer.byteLength(document);
    at += length;
  }
  return texts;
}

/** The texts in every format; each file's path. Parquet once as common writers leave it (snappy) and once with zstd. */
async function writeFormats(folder: string, texts: readonly string[]): Promise<string[]> {
  const path = (name: string): string => join(folder, name);
  await writeFile(path('corpus.jsonl'), texts.map((text, i) => `${JSON.stringify({ id: `doc-${i}`, text })}\n`));
  await pipeline(createReadStream(path('corpus.jsonl')), createGzip(), createWriteStream(path('corpus.jsonl.gz')));
  await init();
  await writeFile(path('corpus.jsonl.zst'), compress(await readFile(path('corpus.jsonl')), 3));
  const columnData = [
    { name: 'id', data: texts.map((_, i) => `doc-${i}`), type: 'STRING' as const },
    { name: 'text', data: [...texts], type: 'STRING' as const },
  ];
  parquetWriteFile({ filename: path('snappy.parquet'), columnData, rowGroupSize: ROWS_PER_GROUP });
  parquetWriteFile({ filename: path('zstd.parquet'), columnData, rowGroupSize: ROWS_PER_GROUP, codec: 'ZSTD', compressors: { ZSTD: (page) => compress(page, 3) } });
  await writeFile(path('corpus.txt'), texts.join('\n'));
  return ['corpus.jsonl', 'corpus.jsonl.gz', 'corpus.jsonl.zst', 'snappy.parquet', 'zstd.parquet', 'corpus.txt'].map(path);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

async function secondsToRead(path: string, documents: number): Promise<{ wall: number; processor: number }> {
  const started = performance.now();
  const startedCpu = process.cpuUsage();
  const { files } = await findCorpusFiles({ paths: [path] });
  let read = 0;
  for (const unit of await planUnits(files, { unitBytes: 64 * MEGABYTE })) {
    for await (const item of readUnit(unit, files, { textField: ['text'], idField: 'id', sourceField: 'source', maxLineBytes: 1e9 })) {
      if (item.kind !== 'document') throw new Error(item.detail);
      read++;
    }
  }
  if (read !== (path.endsWith('.txt') ? 1 : documents)) throw new Error(`${path}: ${read} documents, expected ${documents}`);
  const { user, system } = process.cpuUsage(startedCpu);
  return { wall: (performance.now() - started) / 1000, processor: (user + system) / 1e6 };
}

await main();

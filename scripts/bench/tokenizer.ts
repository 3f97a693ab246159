/**
 * Tokenizes the same documents with each library and prints how fast: millions of tokens a second, by the clock and by CPU time, median of
 * interleaved rounds. Then one document of growing length, because a tokenizer that is quadratic in it is of no use.
 *
 *   npx tsx scripts/bench/tokenizer.ts <tokenizer.json or its folder> <text or JSONL file> [--megabytes 4] [--rounds 5]
 *
 * RAYON_NUM_THREADS=1 in the environment keeps the native library to one thread.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/errors.js';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import type { Tokenizer } from '../../src/tokenizer/tokenizer.js';

const MEGABYTE = 1e6;
/** A group of texts as scoring sends it to a worker. */
const GROUP_TEXTS = 256;
const DOCUMENT_CHARACTERS = 2000;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { megabytes: { type: 'string', default: '4' }, rounds: { type: 'string', default: '5' } } });

interface Mode {
  readonly name: string;
  readonly tokenizer: Tokenizer;
  readonly group: number;
  readonly bytes: boolean;
}

interface Rate {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

async function main(): Promise<void> {
  const [tokenizerPath, textPath] = positionals;
  if (tokenizerPath === undefined || textPath === undefined) throw new Error('usage: tokenizer.ts <tokenizer> <text or JSONL file>');
  const native = await loadTokenizer(tokenizerPath, { library: 'native' });
  const javascript = await loadTokenizer(tokenizerPath, { library: 'javascript' }).catch((error: unknown) => {
    console.log(`${messageOf(error)}\n`);
    return null;
  });
  const texts = documents(await readFile(textPath, 'utf8'), textPath.endsWith('.jsonl'), Number(values.megabytes) * MEGABYTE);
  await printRates(texts, [
    { name: 'native, one text at a time', tokenizer: native, group: 1, bytes: false },
    { name: 'native', tokenizer: native, group: GROUP_TEXTS, bytes: false },
    { name: 'native, with bytes', tokenizer: native, group: GROUP_TEXTS, bytes: true },
    ...(javascript === null ? [] : [{ name: 'javascript', tokenizer: javascript, group: GROUP_TEXTS, bytes: false }]),
  ]);
  await printLongDocuments(texts.join('\n'), native);
}

async function printRates(texts: readonly string[], modes: readonly Mode[]): Promise<void> {
  const rates = new Map(modes.map((mode) => [mode, [] as Rate[]]));
  let tokens = 0;
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const mode of modes) {
      const run = await measure(texts, mode);
      rates.get(mode)!.push(run);
      tokens = run.tokens;
    }
  }
  const megabytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / MEGABYTE;
  const threads = process.env['RAYON_NUM_THREADS'] ?? availableParallelism();
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${threads} threads, Node ${process.version}; ${texts.length} documents, ${megabytes.toFixed(1)} MB, ${tokens} tokens, median of ${values.rounds} rounds\n`);
  console.log('| library | M tokens/s | M tokens per CPU second |\n|---|---|---|');
  for (const [{ name }, all] of rates) console.log(`| ${name} | ${median(all.map((rate) => rate.perSecond))} | ${median(all.map((rate) => rate.perCpuSecond))} |`);
}

async function measure(texts: readonly string[], { tokenizer, group, bytes }: Mode): Promise<Rate & { readonly tokens: number }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let tokens = 0;
  for (let i = 0; i < texts.length; i += group) {
    for (const { ids } of await tokenizer.encode(texts.slice(i, i + group), { bytes })) tokens += ids.length;
  }
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { tokens, perSecond: tokens / seconds / 1e6, perCpuSecond: tokens / (user + system) };
}

async function printLongDocuments(prose: string, tokenizer: Tokenizer): Promise<void> {
  const kinds: readonly [string, (length: number) => string][] = [
    ['prose', (length) => prose.repeat(Math.ceil(length / prose.length)).slice(0, length)],
    ['one word', (length) => 'abcdefghij'.repeat(length / 10)],
    ['spaces', (length) => ' '.repeat(length)],
    ['CJK without spaces', (length) => '的一是不了人我在有他'.repeat(length / 10)],
  ];
  const lengths = [1, 2, 4].map((megabytes) => megabytes * MEGABYTE);
  console.log(`\n| one document of | ${lengths.map((length) => `${length / MEGABYTE} M characters`).join(' | ')} |\n|---|${'---|'.repeat(lengths.length)}`);
  for (const [name, text] of kinds) {
    const seconds: string[] = [];
    for (const length of lengths) {
      const start = performance.now();
      await tokenizer.encode([text(length)], { bytes: true });
      seconds.push(`${((performance.now() - start) / 1000).toFixed(2)} s`);
    }
    console.log(`| ${name} | ${seconds.join(' | ')} |`);
  }
}

/** Documents of a JSONL file (all its string fields) or slices of a text, repeated until they are `bytes` long. */
function documents(content: string, isJsonl: boolean, bytes: number): string[] {
  const once = isJsonl ? content.trimEnd().split('\n').map(stringsOf) : slices(content);
  const texts: string[] = [];
  for (let size = 0; size < bytes; size += texts.at(-1)!.length) texts.push(once[texts.length % once.length]!);
  return texts;
}

function stringsOf(line: string): string {
  return Object.values(JSON.parse(line) as Record<string, unknown>).filter((value) => typeof value === 'string').join('\n');
}

function slices(text: string): string[] {
  return Array.from({ length: Math.ceil(text.length / DOCUMENT_CHARACTERS) }, (_, i) => text.slice(i * DOCUMENT_CHARACTERS, (i + 1) * DOCUMENT_CHARACTERS));
}

function median(numbers: readonly number[]): string {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!.toFixed(2);
}

await main();

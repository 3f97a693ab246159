/**
 * Writes and reads score shards and prints how fast: tokens a second of wall time on one thread, median of interleaved rounds, and of CPU time (all
 * threads of the process, garbage collection included). Before that it writes one long shard, to see that memory stays flat.
 *
 *   npx tsx scripts/bench/store.ts [--ids FILE] [--tokens 8000000] [--rounds 5] [--long 100000000]
 *
 * --ids: token ids of a real text, raw little-endian int32; without it ids are drawn from a Zipf law with repeated phrases. Losses are drawn.
 */
import { open, mkdtemp, readFile, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/math/random.js';
import type { ScoredDocument } from '../../src/records.js';
import { openShard } from '../../src/store/reader.js';
import type { ColumnName, LossPrecision, OptionalColumns } from '../../src/store/schema.js';
import { ShardWriter, type ShardTotals } from '../../src/store/writer.js';
import type { ByteSink } from '../../src/stream/byte-sink.js';

const MILLION = 1e6;
const DOCUMENT_TOKENS = 500;
const BASE: OptionalColumns = { entropy: false, top1: false, tokenBytes: false, docStarts: false };
const STATS: OptionalColumns = { ...BASE, entropy: true, top1: true, tokenBytes: true };

const { values } = parseArgs({
  options: { ids: { type: 'string' }, tokens: { type: 'string', default: '8000000' }, rounds: { type: 'string', default: '5' }, long: { type: 'string', default: '100000000' } },
});

interface Shape {
  readonly name: string;
  readonly columns: OptionalColumns;
  readonly lossPrecision: LossPrecision;
}

const SHAPES: readonly Shape[] = [
  { name: 'ids + loss', columns: BASE, lossPrecision: 'exact' },
  { name: 'ids + loss, grid11', columns: BASE, lossPrecision: 'grid11' },
  { name: 'ids + loss + entropy + top1 + bytes', columns: STATS, lossPrecision: 'exact' },
];

/** Rates of one kind of work, in M tokens a second, one a round. */
interface Rates {
  readonly name: string;
  readonly wall: number[];
  readonly cpu: number[];
  bytesPerToken: number;
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'store-bench-'));
  try {
    const ids = await tokenIds();
    const tokens = Number(values.tokens);
    console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}; ${tokens / MILLION}M tokens in documents of ${DOCUMENT_TOKENS}, ids ${values.ids === undefined ? 'drawn' : 'of a real text'}, median of ${values.rounds} rounds\n`);
    await long(documentsOf(ids, BASE), Number(values.long));
    const table = new Map<string, Rates>();
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const shape of SHAPES) {
        const path = join(folder, 'shard.parquet');
        const documents = documentsOf(ids, shape.columns);
        const written = await measured(table, `write ${shape.name}`, () => writeFileOf(path, documents, tokens, shape));
        await measured(table, `read ${shape.name}`, () => read(path, written.tokens));
        if (shape === SHAPES[0]) await measured(table, 'read ids alone', () => read(path, written.tokens, ['token_ids']));
      }
    }
    print([...table.values()]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function tokenIds(): Promise<Int32Array> {
  if (values.ids !== undefined) return new Int32Array(new Uint8Array(await readFile(values.ids)).buffer);
  const random = createRandom('store bench');
  const zipf = (): number => Math.floor(32_000 ** random.float());
  const phrases = Array.from({ length: 20_000 }, () => Array.from({ length: random.between(2, 6) }, zipf));
  const ids: number[] = [];
  while (ids.length < 2 * MILLION) ids.push(...(random.chance(0.5) ? random.pick(phrases) : [zipf(), zipf()]));
  return Int32Array.from(ids);
}

/** All documents of the ids, drawn losses beside them. */
function documentsOf(ids: Int32Array, columns: OptionalColumns): ScoredDocument[] {
  const random = createRandom('losses');
  // A quarter of the tokens is nearly certain, as in a trained model.
  const nats = (): number => (random.chance(0.25) ? random.float() * 0.01 : -Math.log(random.float() + 1e-9) * 2);
  return Array.from({ length: Math.floor(ids.length / DOCUMENT_TOKENS) }, (_, number) => {
    const tokenIds = new Int32Array(ids.subarray(number * DOCUMENT_TOKENS, (number + 1) * DOCUMENT_TOKENS));
    return {
      kind: 'tokenized',
      id: `doc-${number}`,
      source: 'corpus.jsonl',
      hash: Array.from({ length: 8 }, () => random.uint32().toString(16).padStart(8, '0')).join(''),
      tokenIds,
      refLoss: Float32Array.from(tokenIds, (_, at) => (at === 0 ? NaN : nats())),
      ...(columns.entropy && { entropy: Float32Array.from(tokenIds, nats) }),
      ...(columns.top1 && { top1: Uint8Array.from(tokenIds, () => Number(random.chance(0.4))) }),
      ...(columns.tokenBytes && { tokenBytes: Int32Array.from(tokenIds, () => random.between(1, 9)) }),
    };
  });
}

async function write(sink: ByteSink, documents: readonly ScoredDocument[], tokens: number, { columns, lossPrecision }: Shape, onDocument?: (tokens: number) => void): Promise<ShardTotals> {
  const writer = await ShardWriter.open({ sink, columns, metadata: {}, lossPrecision });
  for (let written = 0, number = 0; written < tokens; number++) {
    const document = documents[number % documents.length]!;
    await writer.append(document);
    written += document.tokenIds.length;
    onDocument?.(written);
  }
  return writer.close();
}

async function writeFileOf(path: string, documents: readonly ScoredDocument[], tokens: number, shape: Shape): Promise<{ tokens: number; bytes: number }> {
  const file = await open(path, 'w');
  try {
    return await write((chunk) => file.writeFile(chunk), documents, tokens, shape);
  } finally {
    await file.close();
  }
}

async function read(path: string, tokens: number, columns?: readonly ColumnName[]): Promise<{ tokens: number; bytes: number }> {
  const shard = await openShard(path);
  let seen = 0;
  for (const index of shard.rowGroups.keys()) {
    const group = await shard.readRowGroup(index, { columns: columns ?? shard.columns });
    seen += group.columns.token_ids.length;
  }
  await shard.close();
  if (seen !== tokens) throw new Error(`${tokens} tokens were written, ${seen} were read`);
  return { tokens: seen, bytes: shard.bytesRead };
}

async function measured<T extends { tokens: number; bytes: number }>(table: Map<string, Rates>, name: string, work: () => Promise<T>): Promise<T> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  const result = await work();
  const wallMs = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  const rates = table.get(name) ?? { name, wall: [], cpu: [], bytesPerToken: 0 };
  table.set(name, rates);
  rates.wall.push(result.tokens / wallMs / 1000);
  rates.cpu.push(result.tokens / (user + system));
  rates.bytesPerToken = result.bytes / result.tokens;
  return result;
}

function print(table: readonly Rates[]): void {
  const summary = (rates: readonly number[]): string => {
    const sorted = rates.toSorted((a, b) => a - b);
    return `${sorted[sorted.length >> 1]!.toFixed(1)} (${sorted[0]!.toFixed(1)} - ${sorted.at(-1)!.toFixed(1)})`;
  };
  console.log('| work | bytes/token | M tokens/s, wall (min - max) | M tokens/s, CPU (min - max) |\n|---|---|---|---|');
  for (const { name, bytesPerToken, wall, cpu } of table) console.log(`| ${name} | ${bytesPerToken.toFixed(2)} | ${summary(wall)} | ${summary(cpu)} |`);
}

/** Peak memory at each quarter of one long shard, written to nowhere. */
async function long(documents: readonly ScoredDocument[], tokens: number): Promise<void> {
  const before = process.resourceUsage().maxRSS / 1024;
  const peaks: string[] = [];
  await write(() => Promise.resolve(), documents, tokens, SHAPES[0]!, (written) => {
    if (written >= ((peaks.length + 1) * tokens) / 4) peaks.push(`${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB after ${(written / MILLION).toFixed(0)}M`);
  });
  console.log(`peak RSS while one shard is written: ${before.toFixed(0)} MiB before it, ${peaks.join(', ')} tokens\n`);
}

await main();

/**
 * Measures how fast the rows of an earlier run are reused, beside scoring with the demo model: whole commands on both sides (hashing the inputs, loading
 * the model, reading JSON Lines, writing shards, manifest), every text known, in the order of the earlier run and shuffled; and what the index of a
 * large earlier run takes. The earlier run has the tokens of the demo corpus and drawn losses.
 *
 *   npx tsx --expose-gc scripts/bench/reuse.ts [--documents 50000] [--rounds 3] [--rows 10000000] [--stats entropy,top1,bytes]
 *
 * After `npm run build`. --rows: rows of the index that is only looked things up in; 0 leaves that part out.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { resolveScoreOptions } from '../../src/config/parse-score-options.js';
import { createRandom } from '../../src/math/random.js';
import type { ScoreOptions } from '../../src/scoring/options.js';
import { prepareScore } from '../../src/scoring/prepare.js';
import { score } from '../../src/scoring/score.js';
import { EarlierRows } from '../../src/store/earlier-rows.js';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { describeMachine } from './machine.js';
import { textHash, writeDrawnRun, writeDrawnShards } from './reuse/drawn-run.js';
import { markdownTable, medianRatio, type Figure } from './table.js';

const { values } = parseArgs({
  options: { documents: { type: 'string', default: '50000' }, rounds: { type: 'string', default: '3' }, rows: { type: 'string', default: '10000000' }, stats: { type: 'string', default: 'none' } },
});
const DEMO = fileURLToPath(new URL('../../pipelines/demo/', import.meta.url));
const MODEL = join(DEMO, 'model');
const SCORED_DOCUMENTS = 400;
const KILO = 1e3;
const MIB = 2 ** 20;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'reuse-bench-'));
  try {
    const options = (corpus: string, run: string, ...reuse: readonly string[]): ScoreOptions =>
      resolveScoreOptions({ set: [`output.reuse=${JSON.stringify(reuse)}`, `output.stats=${values.stats}`], flags: { corpus: [join(folder, corpus)], model: MODEL, out: join(folder, run) }, cwd: folder });
    const figures = await speed(folder, options);
    const { processor, cores, memoryGiB, node, onnxruntime, date } = describeMachine();
    console.log(`${date}, ${processor}, ${cores} cores, ${memoryGiB} GiB, Node ${node}, onnxruntime-node ${onnxruntime}; statistics: ${values.stats}\n\n${markdownTable(figures)}\n`);
    if (Number(values.rows) > 0) await index(folder, options('few.jsonl', 'none'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function speed(folder: string, options: (corpus: string, run: string, ...reuse: readonly string[]) => ScoreOptions): Promise<Figure[]> {
  const texts = (await readFile(join(DEMO, 'corpus.jsonl'), 'utf8')).trimEnd().split('\n').map((line) => (JSON.parse(line) as { text: string }).text);
  const lines = Array.from({ length: Number(values.documents) }, (_, at) => `${JSON.stringify({ id: `doc-${at}`, text: `${texts[at % texts.length]!} ${at}` })}\n`);
  await writeFile(join(folder, 'many.jsonl'), lines);
  await writeFile(join(folder, 'shuffled.jsonl'), createRandom('shuffled').shuffled(lines));
  await writeFile(join(folder, 'few.jsonl'), lines.slice(0, SCORED_DOCUMENTS));
  const tokenizer = await loadTokenizer(MODEL);
  const ids = (await tokenizer.encode(texts, { bytes: false })).map((encoded) => encoded.ids);
  say('writing an earlier run');
  const tokens = await writeDrawnRun(options('many.jsonl', 'earlier'), (id) => ids[Number(id.slice(4)) % ids.length]!);

  const rates: Record<'ordered' | 'shuffled' | 'scored', Rate[]> = { ordered: [], shuffled: [], scored: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    say(`round ${round + 1}: ${tokens} tokens`);
    rates.ordered.push(await rate(options('many.jsonl', `ordered-${round}`, join(folder, 'earlier')), tokens));
    rates.shuffled.push(await rate(options('shuffled.jsonl', `shuffled-${round}`, join(folder, 'earlier')), tokens));
    rates.scored.push(await rate(options('few.jsonl', `scored-${round}`), 0));
  }
  const wall = (side: keyof typeof rates): number[] => rates[side].map((one) => one.wall);
  const processor = (side: keyof typeof rates): number[] => rates[side].map((one) => one.processor);
  const name = 'scored by the demo model';
  const figure = (words: string, side: 'ordered' | 'shuffled', goal?: string): Figure[] => [
    { figure: `${words}, k tok/s`, values: wall(side), beside: { name, values: wall('scored') }, ratio: medianRatio(wall(side), wall('scored')), ...(goal === undefined ? {} : { goal }) },
    { figure: 'the same a second of processor time', values: processor(side), beside: { name, values: processor('scored') }, ratio: medianRatio(processor(side), processor('scored')) },
  ];
  return [...figure(`reused, ${lines.length} documents of ${(tokens / lines.length).toFixed(0)} tokens in the order of the earlier run`, 'ordered', '>= 50'), ...figure('shuffled', 'shuffled')];
}

/** Thousand tokens a second of a whole command: of wall time, and of processor time, which says more on a machine that others use too. */
interface Rate {
  readonly wall: number;
  readonly processor: number;
}

/** @throws unless it reused as many tokens as it should */
async function rate(options: ScoreOptions, reused: number): Promise<Rate> {
  const cpu = process.cpuUsage();
  const { manifest, commits, wallSeconds } = await score(options);
  const { user, system } = process.cpuUsage(cpu);
  const copied = commits.reduce((sum, commit) => sum + (commit.reused?.tokens ?? 0), 0);
  if (copied !== reused) throw new Error(`${reused} tokens had to be reused, ${copied} were`);
  await rm(options.output.run, { recursive: true });
  const kilo = manifest.totals.tokens / KILO;
  return { wall: kilo / wallSeconds, processor: kilo / ((user + system) / 1e6) };
}

/** Time and memory of an index over as many rows as asked for, of one token each. */
async function index(folder: string, options: ScoreOptions): Promise<void> {
  const rows = Number(values.rows);
  say(`writing ${rows} rows`);
  const { plan } = await prepareScore(options);
  const shards = await writeDrawnShards(join(folder, 'large'), plan, rows, 250_000, 1);
  if (global.gc === undefined) throw new Error('memory is measured with --expose-gc');
  global.gc();
  const before = process.memoryUsage();
  const started = performance.now();
  const earlier = await EarlierRows.open(shards, { stats: plan.output.stats, onUnusable: (message) => { throw new Error(message); } });
  const seconds = (performance.now() - started) / 1000;
  global.gc();
  const after = process.memoryUsage();
  const lookups = 1_000_000;
  const hashes = Array.from({ length: lookups }, (_, at) => textHash((at * 7919) % rows));
  await earlier.find(hashes[0]!);
  for (let shard = 0; shard < shards.length; shard++) await earlier.find(textHash(shard * 250_000)); // each is hashed once
  const began = performance.now();
  for (const hash of hashes) if ((await earlier.find(hash)) === undefined) throw new Error(`${hash} is not found`);
  const each = (performance.now() - began) / lookups;
  await earlier.close();
  console.log(`index of ${rows} rows in ${shards.length} shards: ${seconds.toFixed(1)} s, ${((after.arrayBuffers - before.arrayBuffers) / rows).toFixed(1)} bytes a row ` +
    `(${((after.arrayBuffers - before.arrayBuffers) / MIB).toFixed(0)} MiB of arrays, resident ${((after.rss - before.rss) / MIB).toFixed(0)} MiB more), ${(each * 1000).toFixed(2)} us a look-up`);
}

await main();

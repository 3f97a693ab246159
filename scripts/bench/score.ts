/**
 * Scoring speed against PyTorch, against the machine's own matrix product, and of the whole pipeline against bare sessions.
 * Both sides are processes of their own and take turns; figures are medians over rounds.
 *
 *   npm run bench -- [--rounds 7] [--threads 2] [--documents 120] [--json FILE]
 *
 * TOUCHSTONE_PYTHON names a Python with torch and transformers; without it the PyTorch column is left out.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/math/random.js';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { Peer } from './score/peer.js';
import { SMALL, writeRandomCheckpoint, type LlamaShape } from './score/random-checkpoint.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, threads: { type: 'string', default: String(availableParallelism()) }, documents: { type: 'string', default: '120' }, json: { type: 'string' } },
});
const rounds = Number(values.rounds);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const MIB = 2 ** 20;

/** Multiplications and additions of a forward pass over `sequences` sequences of `length` tokens, head included, all of attention counted. */
function modelFlops({ layers, hiddenSize, intermediateSize, vocabSize }: LlamaShape, sequences: number, length: number): number {
  const tokens = sequences * length;
  const perLayer = 4 * hiddenSize * hiddenSize + 3 * hiddenSize * intermediateSize;
  const attention = 2 * sequences * length * length * hiddenSize;
  return 2 * (tokens * (layers * perLayer + hiddenSize * vocabSize) + layers * attention);
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
const randomIds = (count: number, vocabSize: number): number[] => {
  const random = createRandom('ids');
  return Array.from({ length: count }, () => random.below(vocabSize));
};
const ours = (folder: string, ...args: readonly string[]): Peer => new Peer(process.execPath, ['--import', 'tsx', here('./score/onnxruntime.ts'), folder, values.threads, ...args]);

interface Timed {
  readonly seconds: number;
}
interface Figure {
  readonly name: string;
  readonly ours: string;
  readonly theirs: string;
  readonly ratio: string;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-bench-'));
  const figures: Figure[] = [];
  const python = process.env['TOUCHSTONE_PYTHON'];
  try {
    const model = join(folder, 'model');
    await writeRandomCheckpoint(model, SMALL);
    for (const name of ['tokenizer.json', 'tokenizer_config.json']) copyFileSync(here(`../../pipelines/demo/model/${name}`), join(model, name));

    const mine = ours(model);
    const { versions } = await mine.read<{ versions: string }>();
    const theirs = python === undefined ? undefined : new Peer(python, [here('./score/pytorch.py'), model, values.threads]);
    const theirVersions = theirs === undefined ? 'PyTorch left out: TOUCHSTONE_PYTHON is not set' : (await theirs.read<{ versions: string }>()).versions;

    const gemm: number[] = [];
    const oursFlops: number[] = [];
    for (const [sequences, length] of [[1, 512], [4, 512]] as const) {
      const request = { kind: 'batch', sequences, length, ids: randomIds(sequences * length, SMALL.vocabSize) };
      const times = { ours: [] as number[], theirs: [] as number[] };
      for (let round = -1; round < rounds; round++) {
        const a = (await mine.ask<Timed>(request)).seconds;
        const b = theirs === undefined ? NaN : (await theirs.ask<Timed>(request)).seconds;
        const { seconds, flops } = await mine.ask<{ seconds: number; flops: number }>({ kind: 'gemm' });
        if (round < 0) continue; // warm-up
        times.ours.push(a);
        times.theirs.push(b);
        gemm.push(flops / seconds);
      }
      const rate = (seconds: number): string => `${Math.round((sequences * length) / seconds)} tok/s`;
      oursFlops.push(modelFlops(SMALL, sequences, length) / median(times.ours));
      figures.push({ name: `B = ${sequences}, T = ${length}`, ours: rate(median(times.ours)), theirs: theirs === undefined ? '-' : rate(median(times.theirs)), ratio: theirs === undefined ? '-' : `${(median(times.theirs) / median(times.ours)).toFixed(2)}x` });
    }
    figures.push({ name: 'share of the runtime\'s own SGEMM rate', ours: `${Math.round(oursFlops.at(-1)! / 1e9)} GFLOP/s`, theirs: `${Math.round(median(gemm) / 1e9)} GFLOP/s (SGEMM)`, ratio: `${Math.round((100 * oursFlops.at(-1)!) / median(gemm))} %` });
    const peak = async (peer: Peer): Promise<number> => (await peer.ask<{ peakBytes: number }>({ kind: 'memory' })).peakBytes;
    const memory = { ours: await peak(mine), theirs: theirs === undefined ? NaN : await peak(theirs) };
    figures.push({ name: 'peak memory, B = 4, T = 512', ours: `${Math.round(memory.ours / MIB)} MiB`, theirs: theirs === undefined ? '-' : `${Math.round(memory.theirs / MIB)} MiB`, ratio: theirs === undefined ? '-' : `${Math.round((100 * memory.ours) / memory.theirs)} %` });
    await theirs?.close();

    figures.push(await pipeline(folder, model, mine));
    await mine.close();
    figures.push(...(await headMemory(folder)));

    const lines = [
      `${cpus()[0]!.model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB; ${values.threads} threads; ${versions}; ${theirVersions}; ${new Date().toISOString().slice(0, 10)}; medians of ${rounds} alternated rounds`,
      '',
      '| 12-layer Llama, hidden 768, V = 32,000, float32 | Touchstone | PyTorch (sdpa) or reference | ratio |',
      '|---|---|---|---|',
      ...figures.map(({ name, ours: a, theirs: b, ratio }) => `| ${name} | ${a} | ${b} | ${ratio} |`),
    ];
    console.log(lines.join('\n'));
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ head: lines[0], figures }, null, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The command line over real documents against bare sessions over the same batches. */
async function pipeline(folder: string, model: string, mine: Peer): Promise<Figure> {
  const lines = readFileSync(here('../../pipelines/demo/corpus.jsonl'), 'utf8').split('\n').slice(0, Number(values.documents));
  const corpus = join(folder, 'corpus.jsonl');
  writeFileSync(corpus, `${lines.join('\n')}\n`);
  const tokenizer = await loadTokenizer(model);
  const encoded = await tokenizer.encode(lines.map((line) => (JSON.parse(line) as { text: string }).text), { bytes: false });
  const request = { kind: 'documents', ids: encoded.map(({ ids }) => [...ids]), contextLength: 512, batchTokens: 4096, prefixId: tokenizer.info.addsBos ? tokenizer.info.bosId : null };
  const ratios: number[] = [];
  const rates: [number, number][] = [];
  for (let round = 0; round < Math.max(2, Math.floor(rounds / 2)); round++) {
    const run = join(folder, `run-${round}`);
    execFileSync(process.execPath, [here('../../dist/cli/main.js'), 'score', '--corpus', corpus, '--model', model, '--out', run, '--threads', values.threads, '--quiet']);
    const commit = JSON.parse(readFileSync(join(run, 'commits/00000.json'), 'utf8')) as { seconds: number; scored: number };
    const bare = await mine.ask<{ seconds: number; scored: number }>(request);
    rates.push([commit.scored / commit.seconds, bare.scored / bare.seconds]);
    ratios.push(commit.scored / commit.seconds / (bare.scored / bare.seconds));
  }
  return { name: 'whole pipeline against bare sessions, same batches', ours: `${Math.round(median(rates.map(([a]) => a)))} tok/s`, theirs: `${Math.round(median(rates.map(([, b]) => b)))} tok/s (bare)`, ratio: `${Math.round(100 * median(ratios))} %` };
}

/** What scoring takes above the weights where the vocabulary is large: peak memory less the checkpoint's bytes; Node and the runtime are in it. */
async function headMemory(folder: string): Promise<Figure[]> {
  const shape: LlamaShape = { ...SMALL, layers: 1, vocabSize: 128_256 };
  const model = join(folder, 'wide');
  await writeRandomCheckpoint(model, shape);
  const figures: Figure[] = [];
  for (const stats of ['', 'stats']) {
    const peer = ours(model, '261', stats);
    await peer.read();
    await peer.ask({ kind: 'batch', sequences: 16, length: 512, ids: randomIds(16 * 512, shape.vocabSize) });
    const { peakBytes } = await peer.ask<{ peakBytes: number }>({ kind: 'memory' });
    const above = peakBytes - statSync(join(model, 'model.safetensors')).size;
    figures.push({ name: `above the weights, B*T = 8192, V = 128,256${stats === '' ? '' : ', with entropy and top-1'}`, ours: `${Math.round(above / MIB)} MiB`, theirs: '600 MiB (limit)', ratio: `${Math.round((100 * above) / (600 * MIB))} %` });
    await peer.close();
  }
  return figures;
}

await main();

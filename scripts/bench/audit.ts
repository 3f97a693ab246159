/**
 * How fast a score set is audited, and with how much memory: writes a set of drawn losses (ids and losses, 200 sources), audits it, and prints tokens per second of wall and
 * of CPU time and the peak memory of a process that audits a tenth of it and all of it. Each audit is a process of its own.
 *
 * usage: npm run bench:audit [-- --tokens 100 --rounds 3] (millions)
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/math/random.js';
import type { ScoredDocument } from '../../src/records.js';
import { writeCommit, type Commit } from '../../src/run/commits.js';
import { sha256Of } from '../../src/run/file-hash.js';
import { shardName } from '../../src/run/layout.js';
import { buildManifest, writeManifest } from '../../src/run/manifest.js';
import { freezePlan, planHash, type Plan } from '../../src/run/plan.js';
import { commitUnitFile } from '../../src/run/unit-file.js';
import { ShardWriter } from '../../src/store/writer.js';
import { readTokenizerFile } from '../../src/tokenizer/tokenizer-file.js';

const MILLION = 1_000_000;
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MODEL = join(ROOT, 'pipelines/demo/model');
const UNIT_TOKENS = 10 * MILLION;
const VOCABULARY = 2048;

const { values } = parseArgs({ options: { tokens: { type: 'string', default: '100' }, rounds: { type: 'string', default: '3' } } });

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'touchstone-bench-audit-'));
  try {
    const tokens = Number(values.tokens) * MILLION;
    const [small, large] = [join(folder, 'small'), join(folder, 'large')];
    await writeRun(small, tokens / 10);
    await writeRun(large, tokens);
    console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}; ${values.rounds} rounds\n`);
    console.log('| audit of | M tokens/s, wall | M tokens/s, CPU | peak RSS, MiB |\n|---|---|---|---|');
    const rows = [small, large].map((run) => ({ run, rounds: [] as Measured[] }));
    for (let round = 0; round < Number(values.rounds); round++) for (const row of rows) row.rounds.push(measure(row.run));
    for (const { rounds } of rows) console.log(`| ${rounds[0]!.tokens / MILLION} M tokens | ${median(rounds, (one) => one.tokens / one.wallMs / 1000)} | ${median(rounds, (one) => one.tokens / one.cpuUs)} | ${median(rounds, (one) => one.peakMiB)} |`);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Measured {
  readonly tokens: number;
  readonly wallMs: number;
  readonly cpuUs: number;
  readonly peakMiB: number;
}

/** Audits in a fresh process, so that peaks are its own. */
function measure(run: string): Measured {
  const script = `
    const { audit } = await import(${JSON.stringify(join(ROOT, 'dist/audit/audit.js'))});
    const { resolveAuditOptions } = await import(${JSON.stringify(join(ROOT, 'dist/config/audit-settings.js'))});
    const cpu = process.cpuUsage();
    const started = performance.now();
    const report = await audit(resolveAuditOptions(${JSON.stringify(run)}, {}));
    const { user, system } = process.cpuUsage(cpu);
    if (report.completeness.state !== 'complete') throw new Error(JSON.stringify(report.completeness.problems));
    console.log(JSON.stringify({ tokens: report.distribution.overall.tokens, wallMs: performance.now() - started, cpuUs: user + system, peakMiB: process.resourceUsage().maxRSS / 1024 }));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })) as Measured;
}

function median(rounds: readonly Measured[], value: (one: Measured) => number): string {
  const sorted = rounds.map(value).sort((a, b) => a - b);
  const [low, middle, high] = [sorted[0]!, sorted[sorted.length >> 1]!, sorted.at(-1)!].map((one) => (one < 100 ? one.toFixed(1) : one.toFixed(0)));
  return `${middle!} (${low!} - ${high!})`;
}

/** A finished run of documents of 50 to 1,500 tokens, 200 sources of very different sizes. */
async function writeRun(run: string, tokens: number): Promise<void> {
  const units = Math.max(1, Math.round(tokens / UNIT_TOKENS));
  const plan = await benchPlan(units);
  await freezePlan(run, plan);
  const documents = drawnDocuments();
  const commits = new Map<number, Commit>();
  let number = 0;
  for (let unit = 0; unit < units; unit++) {
    const { file, result } = await commitUnitFile(run, unit, shardName(unit), async (sink) => {
      const writer = await ShardWriter.open({ sink, columns: { entropy: false, top1: false, tokenBytes: false, docStarts: false }, metadata: {}, lossPrecision: 'exact' });
      for (let written = 0; written < tokens / units; number++) {
        const document = documents[number % documents.length]!;
        await writer.append({ ...document, id: `doc-${number}`, hash: sha256Of(String(number)) });
        written += document.tokenIds.length;
      }
      return await writer.close();
    });
    const { rows, tokens: count, scored, lossSum } = result;
    const { commit } = await writeCommit(run, {
      formatVersion: 1, unit, planHash: planHash(plan), shard: file, quarantine: null, rows, tokens: count, scored, nonfinite: 0, lossSum,
      documents: { read: rows, scored: rows, quarantined: 0, skipped: 0 }, computedTokens: count, paddedTokens: 0, devices: [{ kind: 'cpu' }], seconds: 1, finishedAt: '2026-01-01T00:00:00.000Z',
    });
    commits.set(unit, commit);
  }
  await writeManifest(run, buildManifest(plan, commits, { count: 0, examples: [] }, null));
}

function drawnDocuments(): ScoredDocument[] {
  const random = createRandom('audit bench');
  // A quarter of the tokens is nearly certain, as in a trained model.
  const nats = (): number => (random.chance(0.25) ? random.float() * 0.01 : -Math.log(random.float() + 1e-9) * 2);
  return Array.from({ length: 4000 }, (_, i) => {
    const length = random.between(50, 1500);
    return {
      kind: 'tokenized', id: '', hash: '', source: `source-${Math.floor(200 * random.float() ** 3)}`,
      tokenIds: Int32Array.from({ length }, () => Math.floor(VOCABULARY ** random.float())),
      refLoss: Float32Array.from({ length }, (_, t) => (t === 0 && i % 2 === 0 ? NaN : nats())),
    };
  });
}

async function benchPlan(units: number): Promise<Plan> {
  const { hash } = await readTokenizerFile(MODEL);
  const sha256 = sha256Of('bench');
  return {
    formatVersion: 1,
    tool: { name: 'touchstone', version: '0.0.0', onnxruntime: 'none' },
    model: { kind: 'huggingface', modelType: 'llama', location: MODEL, precision: 'float32', device: 'cpu', vocabSize: VOCABULARY, files: [], hash: sha256 },
    tokenizer: { location: MODEL, library: 'tokenizers', libraryVersion: '0', vocabSize: VOCABULARY, bosId: 1, eosId: 2, hash },
    windows: { layout: 'document', contextLength: 512, stride: 256, bos: 'bos', bosId: 1, eosId: 2 },
    output: { stats: { entropy: false, top1: false, bytes: false }, lossPrecision: 'exact', rowGroupTokens: 1 << 20 },
    corpus: {
      textField: ['text'], idField: 'id', sourceField: 'source', maxLineBytes: 1 << 26, limitDocs: null,
      files: [{ path: 'corpus.jsonl', location: 'corpus.jsonl', bytes: 1, sha256, format: 'jsonl' }],
      units: Array.from({ length: units }, (_, index) => ({ index, slices: [{ file: 'corpus.jsonl', range: { kind: 'whole' as const } }] })),
    },
  };
}

await main();

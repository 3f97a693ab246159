import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { audit } from '../../src/audit/audit.js';
import type { AuditOptions } from '../../src/audit/options.js';
import type { AuditReport } from '../../src/audit/report-data.js';
import { DRIFT_LIMITS } from '../../src/audit/report-data/drift.js';
import { createRandom } from '../../src/math/random.js';
import type { LeftOut, ScoredDocument } from '../../src/records.js';
import { writeCommit, type Commit } from '../../src/run/commits.js';
import { sha256Of } from '../../src/run/file-hash.js';
import { shardName } from '../../src/run/layout.js';
import { buildManifest, writeManifest } from '../../src/run/manifest.js';
import { freezePlan, planHash, type Plan } from '../../src/run/plan.js';
import { writeQuarantine } from '../../src/run/quarantine-file.js';
import { commitUnitFile } from '../../src/run/unit-file.js';
import { ShardWriter } from '../../src/store/writer.js';
import { readTokenizerFile } from '../../src/tokenizer/tokenizer-file.js';
import { examplePlan } from '../run/example-run.js';
import { DEMO_MODEL } from '../scoring/demo-run.js';

export interface RunSpec {
  /** Documents of each unit; a unit that is null is planned and not committed. */
  readonly units: readonly (readonly ScoredDocument[] | null)[];
  readonly plan?: (plan: Plan) => Plan;
  /** What unit 0 left out. */
  readonly leftOut?: readonly LeftOut[];
  /** Default: as if every loss was finite. */
  readonly nonfinite?: number;
  readonly rowGroupTokens?: number;
  /** Without a manifest; default: where a unit is null. */
  readonly unfinished?: boolean;
}

/** Writes a run as the scorer would, with plan, shards, commits and manifest, and returns its folder, gone after the test. */
export async function writeRun({ units, plan: change = (plan) => plan, leftOut = [], nonfinite = 0, rowGroupTokens = 2000, unfinished = units.includes(null) }: RunSpec): Promise<string> {
  const run = await mkdtemp(join(tmpdir(), 'touchstone-audit-'));
  onTestFinished(() => rm(run, { recursive: true, force: true }));
  const plan = change(await demoPlan(units.length, units.flatMap((documents) => documents ?? [])));
  await freezePlan(run, plan);
  const commits = new Map<number, Commit>();
  for (const [unit, documents] of units.entries()) {
    if (documents === null) continue;
    const { file, result } = await commitUnitFile(run, unit, shardName(unit), async (sink) => {
      const { entropy, top1, bytes } = plan.output.stats;
      const columns = { entropy, top1, tokenBytes: bytes, docStarts: plan.windows.layout === 'packed' };
      const writer = await ShardWriter.open({ sink, columns, metadata: {}, lossPrecision: plan.output.lossPrecision, rowGroupTokens });
      for (const document of documents) await writer.append(document);
      return await writer.close();
    });
    const out = unit === 0 ? leftOut : [];
    const quarantine = await writeQuarantine(run, unit, out);
    const count = (kind: LeftOut['kind']): number => out.filter((record) => record.kind === kind).length;
    const { rows, tokens, scored, lossSum } = result;
    const written = await writeCommit(run, {
      formatVersion: 1, unit, planHash: planHash(plan), shard: file, quarantine, rows, tokens, scored, nonfinite: unit === 0 ? nonfinite : 0, lossSum,
      documents: { read: documents.length + out.length, scored: documents.length, quarantined: count('quarantined'), skipped: count('skipped') },
      computedTokens: tokens + 10, paddedTokens: 4, devices: [{ kind: 'cpu' }], seconds: 2, host: 'node-1', finishedAt: `2026-11-20T03:00:0${unit % 10}.000Z`,
    });
    commits.set(unit, written.commit);
  }
  if (!unfinished) await writeManifest(run, buildManifest(plan, commits, { count: 0, examples: [] }, null));
  return run;
}

/** A plan with the demo tokenizer, and the statistics the first document has. */
async function demoPlan(units: number, [first]: readonly ScoredDocument[]): Promise<Plan> {
  const plan = examplePlan(units);
  const { hash } = await readTokenizerFile(DEMO_MODEL);
  return {
    ...plan,
    tokenizer: { ...plan.tokenizer, location: DEMO_MODEL, hash },
    windows: { ...plan.windows, contextLength: 64, stride: 24 },
    output: { ...plan.output, stats: { entropy: first?.entropy !== undefined, top1: first?.top1 !== undefined, bytes: first?.tokenBytes !== undefined } },
  };
}

export function auditOf(run: string, options: Partial<AuditOptions> = {}): Promise<AuditReport> {
  return audit({
    run, compare: null, dynamics: [], live: null, keepFractions: [0.6], tokenizer: null, seed: '0', verify: false, limits: DRIFT_LIMITS, failOn: null, ...options,
  });
}

export interface DocumentSpec {
  readonly id: string;
  readonly source?: string;
  readonly losses: readonly number[];
  readonly ids?: readonly number[];
  /** What its hash is made of; default its id. */
  readonly text?: string;
}

export function documentOf({ id, source = 'web', losses, ids, text = id }: DocumentSpec): ScoredDocument {
  const tokenIds = Int32Array.from(losses, (_, t) => ids?.[t] ?? 3 + (t % 200));
  return { kind: 'tokenized', id, source, hash: sha256Of(text), tokenIds, refLoss: Float32Array.from(losses) };
}

/** Documents of 1 to 300 tokens from a few sources, most losses ordinary, some 0, some NaN, with every statistic. */
export function drawnDocuments(seed: string, count: number, mean = 2): ScoredDocument[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, number) => {
    const tokens = random.between(1, 300);
    const loss = (): number => (random.chance(0.2) ? random.float() * 0.02 : -Math.log(random.float() + 1e-9) * mean);
    const document = documentOf({
      id: `${seed}-${number}`,
      source: random.pick(['web', 'web', 'books', 'code']),
      losses: Array.from({ length: tokens }, (_, t) => (t > 0 && random.chance(0.01) ? NaN : loss())),
      ids: Array.from({ length: tokens }, () => random.below(512)),
    });
    return {
      ...document,
      entropy: document.refLoss.map((value) => (Number.isNaN(value) ? NaN : Math.fround(random.float() * 4))),
      top1: Uint8Array.from(document.refLoss, (value) => Number(value < 0.7)),
      tokenBytes: Int32Array.from(document.refLoss, () => random.between(1, 6)),
    };
  });
}

import type { AuditReport, Drift, ExcessReport, RunIdentity } from '../../../src/audit/report-data.js';
import { LOSS_EDGES, NEAR_ZERO, type ClassStats, type RangeStats, type SourceStats, type TokenClass } from '../../../src/audit/report-data/distribution.js';
import { DRIFT_LIMITS } from '../../../src/audit/report-data/drift.js';
import { EXCESS_EDGES, type CheckpointDynamics } from '../../../src/audit/report-data/dynamics.js';
import { sampledDocument, sampleLosses, strip, words } from './sample-document.js';
import { statsOf } from './sample-stats.js';

const VOCABULARY = 32_000;
export const UNIFORM = Math.log(VOCABULARY);
const hash = (digits: string): string => digits.repeat(64 / digits.length);

const SOURCES = [
  { source: 'textbook', losses: sampleLosses(6000, 0.9, 1) },
  { source: 'web', losses: sampleLosses(3000, 2.2, 2) },
  { source: 'markup', losses: sampleLosses(1500, 6.5, 3) },
  { source: 'forum', losses: sampleLosses(400, 3, 4) },
];
const ALL = SOURCES.flatMap(({ losses }) => losses);

export function sampleIdentity(given: Partial<RunIdentity> = {}): RunIdentity {
  return {
    run: 'runs/nightly',
    planHash: hash('0123456789abcdef'),
    tool: { name: 'touchstone', version: '0.1.0', onnxruntime: '1.29.0' },
    model: { kind: 'huggingface', modelType: 'llama', location: 'models/reference-1b', precision: 'float32', device: 'cpu', vocabSize: VOCABULARY, hash: hash('a1b2c3d4') },
    devices: [{ kind: 'cpu', units: 3 }],
    calibration: null,
    tokenizer: { location: 'models/reference-1b', library: 'tokenizers', libraryVersion: '0.23.2', vocabSize: VOCABULARY, bosId: 1, eosId: 2, hash: hash('e5f60718') },
    windows: { layout: 'document', contextLength: 512, stride: 256, bos: 'bos', bosId: 1, eosId: 2 },
    output: { stats: { entropy: true, top1: true, bytes: true }, lossPrecision: 'exact', rowGroupTokens: 1_000_000 },
    corpus: {
      textField: ['text'],
      idField: 'id',
      sourceField: 'source',
      limitDocs: null,
      units: 4,
      files: 2,
      bytes: 1_234_567_890,
      listed: [
        { path: 'web/part-0.jsonl.zst', bytes: 1_234_000_000, sha256: hash('00ff'), format: 'jsonl.zst' },
        { path: 'books.parquet', bytes: 567_890, sha256: hash('f00d'), format: 'parquet' },
      ],
    },
    ...given,
  };
}

function ranges(edges: readonly number[]): RangeStats[] {
  return edges.map((from, at) => ({ from, to: at + 1 < edges.length ? edges[at + 1]! - 1 : null, ...statsOf(sampleLosses(1000, 2.5 / (1 + Math.log2(from + 1) / 5), from + 7), UNIFORM) }));
}

const CLASSES: readonly TokenClass[] = ['word', 'digits', 'punctuation', 'whitespace', 'bytes'];
const STORY = 'Problem. A tank holds 76 liters of water.\nA pump adds 10 liters a minute for 24 minutes.\tHow much water is in the tank now?\n';
const NOISE = 'daXizjIOe15xyCHhedh+IlUhvcOYOFfhDaMTlyZ4tJC+BL== <div class="tbl-107d3d"> won Maria Saturday after How answer';

/** A complete report of a run that has everything an audit can find, made by hand; parts can be replaced. */
export function sampleReport(given: Partial<AuditReport> = {}): AuditReport {
  return {
    formatVersion: 1,
    tool: { name: 'touchstone', version: '0.1.0' },
    identity: sampleIdentity(),
    completeness: {
      state: 'complete',
      problems: [],
      problemCount: 0,
      units: { planned: 4, committed: 4, audited: 4, missing: [] },
      documents: { read: 5003, scored: 5000, quarantined: 2, skipped: 1 },
      balanced: true,
      rows: 5000,
      tokens: ALL.length,
      scored: ALL.length,
      recorded: { rows: 5000, tokens: ALL.length, scored: ALL.length },
      nonfinite: 0,
      bytes: 3_785_000,
      duplicateIds: { count: 0, examples: [] },
      verification: 'hashed',
      work: {
        unitSeconds: 4273,
        seconds: 2180,
        tokensPerSecond: 48_210.4,
        reusedTokens: 0,
        firstUnitFinishedAt: '2026-11-22T23:10:00.000Z',
        lastUnitFinishedAt: '2026-11-23T01:44:12.000Z',
        hosts: ['node-1', 'node-2'],
        computedTokens: 1_000_000,
        paddedTokens: 71_000,
      },
    },
    distribution: {
      edges: LOSS_EDGES,
      nearZero: NEAR_ZERO,
      uniform: UNIFORM,
      overall: statsOf(ALL, UNIFORM, 5000),
      bySource: SOURCES.map(({ source, losses }): SourceStats => ({ source, others: false, ...statsOf(losses, UNIFORM, Math.ceil(losses.length / 8)) })),
      sources: { count: SOURCES.length, inOthers: 0 },
      byContext: ranges([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384]),
      byDocumentPosition: ranges([0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512]),
      byDocumentLength: ranges([1, 32, 64, 128, 256, 512, 1024]),
      byClass: CLASSES.map((name, at): ClassStats => ({ class: name, ...statsOf(sampleLosses(900 - 100 * at, 1 + at, 30 + at), UNIFORM) })),
    },
    documents: {
      noisiest: Array.from({ length: 3 }, (_, at) => {
        const pieces = words(NOISE.repeat(3));
        return sampledDocument(`noise-${at}`, strip(pieces, { losses: sampleLosses(pieces.length, 7, at + 50), windowStarts: [30] }), { source: 'markup' });
      }),
      quietest: [sampledDocument('boilerplate', strip(words(STORY.repeat(4)), { losses: sampleLosses(words(STORY.repeat(4)).length, 0.2, 60) }))],
      random: Array.from({ length: 3 }, (_, at) => sampledDocument(`story-${at}`, strip(['<s>', ...words(STORY)], { losses: [null, ...sampleLosses(words(STORY).length, 1.2, at + 70)], special: [0] }))),
      leastTokens: 32,
      candidates: 4210,
      documents: 5000,
      seed: '0123456789abcdef',
      hasText: true,
    },
    dynamics: { kind: 'reference', mean: 2.31, low: { tokens: 7000, share: 0.64 }, high: { tokens: 3900, share: 0.36 } },
    excess: null,
    drift: null,
    quarantine: {
      quarantined: 2,
      skipped: 1,
      reasons: [
        { kind: 'quarantined', reason: 'malformed-json', count: 2, examples: [{ file: 'web/part-0.jsonl.zst', position: 1_048_576, positionKind: 'byte', id: null, detail: 'Unexpected end of JSON input' }] },
        { kind: 'skipped', reason: 'empty-text', count: 1, examples: [{ file: 'books.parquet', position: 12, positionKind: 'row', id: 'b-12', detail: 'the text is empty' }] },
      ],
      files: [{ file: 'web/part-0.jsonl.zst', count: 2 }, { file: 'books.parquet', count: 1 }],
      filesInAll: 2,
    },
    metrics: [
      { name: 'nonfinite', value: 0, unit: 'tokens', share: 0, meaning: 'tokens without a finite loss', needs: null },
      { name: 'quarantined', value: 2, unit: 'documents', share: 2 / 5003, meaning: 'documents something is wrong with', needs: null },
      { name: 'psi', value: null, unit: 'index', share: null, meaning: 'population stability index of all losses', needs: '--compare' },
    ],
    checks: [
      { condition: 'nonfinite>0', metric: 'nonfinite', operator: '>', limit: 0, asShare: false, value: 0, failed: false },
      { condition: 'quarantined>0.01%', metric: 'quarantined', operator: '>', limit: 0.0001, asShare: true, value: 2 / 5003, failed: true },
    ],
    notes: [],
    ...given,
  };
}

export function sampleDrift(given: Partial<Drift> = {}): Drift {
  const side = (losses: readonly number[]): Drift['overall']['now'] => {
    const { tokens, scored, mean, percentiles, bins } = statsOf(losses, UNIFORM);
    return { tokens, scored, mean, percentiles, bins };
  };
  return {
    earlier: sampleIdentity({ run: 'runs/last-night', planHash: hash('fedcba9876543210') }),
    earlierState: { state: 'complete', documents: { read: 4900, scored: 4900, quarantined: 0, skipped: 0 }, tokens: ALL.length, scored: ALL.length },
    changes: [],
    level: 'alarm',
    limits: DRIFT_LIMITS,
    overall: { level: 'watch', psi: 0.131, wasserstein: 0.21, earlier: side(sampleLosses(9000, 1.1, 8)), now: side(ALL) },
    bySource: SOURCES.map(({ source, losses }, at) => ({
      source,
      others: false,
      level: (['ok', 'watch', 'alarm', 'too-few'] as const)[at]!,
      psi: [0.004, 0.14, 0.61, 0.3][at]!,
      wasserstein: [0.01, 0.12, 2.4, 0.5][at]!,
      earlier: side(losses.map((loss) => loss * (1 - at / 10))),
      now: side(losses),
    })),
    newSources: { count: 0, names: [] },
    removedSources: { count: 1, names: ['wiki'] },
    documents: { earlier: 4900, now: 5000, unchanged: 4700, changed: 20, new: 280, removed: 180 },
    paired: {
      documents: 4700,
      identical: 4690,
      mean: 0.0004,
      sd: 0.01,
      meanAbsolute: 0.0006,
      percentiles: { p1: -0.01, p5: 0, p50: 0, p95: 0, p99: 0.02 },
      largest: [{ id: 'story-2', source: 'web', tokens: 211, earlier: 2.1, now: 2.4 }],
    },
    ...given,
  };
}

export function sampleExcess(): ExcessReport {
  const bins = Array.from({ length: EXCESS_EDGES.length + 1 }, (_, at) => Math.round(4000 * Math.exp(-(((at - 36) / 6) ** 2))));
  return {
    live: sampleIdentity({ run: 'runs/live', model: { ...sampleIdentity().model, hash: hash('beef') } }),
    joined: { documents: 4990, tokens: 10_500, unmatched: 10 },
    tokens: 10_500,
    mean: 0.71,
    percentiles: { p1: -1.9, p5: -1, p25: 0, p50: 0.7, p75: 1.4, p95: 2.5, p99: 3.4 },
    positiveShare: 0.74,
    edges: EXCESS_EDGES,
    bins,
    selections: [0.5, 0.6].map((keepFraction) => ({
      keepFraction,
      candidates: 10_500,
      kept: 10_500 * keepFraction,
      meanExcess: { kept: 1.4, dropped: -0.3 },
      meanReference: { kept: 1.8, dropped: 3.2 },
      bySource: SOURCES.map(({ source, losses }) => ({ source, candidates: losses.length, kept: Math.floor(losses.length * keepFraction) })),
      byClass: CLASSES.map((name) => ({ class: name, candidates: 100, kept: 60 })),
    })),
  };
}

export function sampleDynamics(): CheckpointDynamics {
  const category = (name: CheckpointDynamics['categories'][number]['category'], share: number, means: number[]): CheckpointDynamics['categories'][number] => ({
    category: name,
    tokens: Math.round(10_000 * share),
    share,
    means,
    byClass: [{ class: 'word', tokens: Math.round(8_000 * share) }, { class: 'digits', tokens: Math.round(2_000 * share) }],
    examples: [{ id: 'story-1', source: 'web', position: 31, before: 'A tank holds ', token: '76', after: ' liters', losses: means }],
  });
  return {
    kind: 'checkpoints',
    checkpoints: [0, 1, 2].map((at) => ({ run: `runs/step-${at}000`, modelHash: hash(`${at}a`), mean: 4 - at })),
    joined: { documents: 5000, tokens: 10_000, unmatched: 0 },
    tokens: 10_000,
    change: -0.2,
    mean: 2,
    categories: [category('H->H', 0.11, [4, 3.95, 3.9]), category('L->H', 0.12, [1, 1.6, 2.2]), category('H->L', 0.26, [5, 3, 1]), category('L->L', 0.51, [0.3, 0.3, 0.25])],
  };
}

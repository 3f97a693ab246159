import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOSS_EDGES, type LossStats } from '../../src/audit/report-data/distribution.js';
import { TOKEN_CLASSES } from '../../src/audit/token-classes.js';
import { findVocabulary } from '../../src/audit/vocabulary-text.js';
import type { LeftOut, ScoredDocument } from '../../src/records.js';
import { canonicalJson } from '../../src/run/canonical-json.js';
import { readPlan } from '../../src/run/plan.js';
import { cutWindows } from '../../src/windows/cut.js';
import { auditOf, documentOf, drawnDocuments, writeRun } from './audited-runs.js';

interface Token {
  readonly loss: number;
  readonly entropy: number;
  readonly top1: number;
  readonly bytes: number;
}

/** The definitions of LossStats, slowly. */
function expectStats(found: LossStats, tokens: readonly Token[], uniform = Math.log(512)): void {
  const scored = tokens.filter(({ loss }) => Number.isFinite(loss));
  const exact = scored.map(({ loss }) => loss).sort((a, b) => a - b);
  const rounded = exact.map((loss) => Math.min(64, Math.floor(loss * 2048 + 0.5) / 2048));
  const mean = (value: (token: Token) => number): number => scored.reduce((sum, token) => sum + value(token), 0) / scored.length;
  const share = (holds: (loss: number) => boolean): number => rounded.filter(holds).length / scored.length;
  const rank = (percent: number): number => rounded[Math.ceil((Math.round(percent * 10) * scored.length) / 1000) - 1]!;
  expect([found.tokens, found.scored, found.min, found.max]).toEqual([tokens.length, scored.length, exact[0], exact.at(-1)]);
  expect(found.mean).toBeCloseTo(mean(({ loss }) => loss), 10);
  expect(found.perplexity).toBeCloseTo(Math.exp(mean(({ loss }) => loss)), 8);
  expect(found.sd).toBeCloseTo(Math.sqrt(mean(({ loss }) => (loss - found.mean!) ** 2)), 8);
  expect(found.percentiles).toEqual({ p1: rank(1), p5: rank(5), p10: rank(10), p25: rank(25), p50: rank(50), p75: rank(75), p90: rank(90), p95: rank(95), p99: rank(99), p99_9: rank(99.9) });
  expect([found.nearZeroShare, found.aboveUniformShare]).toEqual([share((loss) => loss < 2 ** -7), share((loss) => loss > uniform)]);
  expect(found.bins).toEqual([-Infinity, ...LOSS_EDGES].map((edge, i) => rounded.filter((loss) => loss >= edge && loss < (LOSS_EDGES[i] ?? Infinity)).length));
  expect(found.meanEntropy).toBeCloseTo(mean(({ entropy }) => entropy), 10);
  expect(found.top1Share).toBeCloseTo(mean(({ top1 }) => top1), 12);
  expect(found.bitsPerByte).toBeCloseTo(mean(({ loss }) => loss) / Math.LN2 / mean(({ bytes }) => bytes), 10);
}

function tokensOf(document: ScoredDocument, holds: (position: number) => boolean = () => true): Token[] {
  return Array.from(document.refLoss, (loss, t) => ({ loss, entropy: document.entropy![t]!, top1: document.top1![t]!, bytes: document.tokenBytes![t]! })).filter((_, t) => holds(t));
}

describe('the numbers of an audit', () => {
  it('are those of a slow computation by definition, overall and by source, length, position, context and class', async () => {
    const documents = drawnDocuments('numbers', 120);
    const run = await writeRun({ units: [documents.slice(0, 50), documents.slice(50)], rowGroupTokens: 3000 });
    const { distribution } = await auditOf(run);
    expectStats(distribution.overall, documents.flatMap((document) => tokensOf(document)));
    expect(distribution.overall.documents).toBe(120);

    for (const { source, documents: count, ...stats } of distribution.bySource) {
      const own = documents.filter((document) => document.source === source);
      expect(count).toBe(own.length);
      expectStats({ ...stats, documents: count }, own.flatMap((document) => tokensOf(document)));
    }
    for (const range of distribution.byDocumentLength) {
      const own = documents.filter(({ tokenIds: { length } }) => length >= range.from && length <= (range.to ?? Infinity));
      expect(range.documents).toBe(own.length);
      expectStats(range, own.flatMap((document) => tokensOf(document)));
    }
    for (const range of distribution.byDocumentPosition) {
      expectStats(range, documents.flatMap((document) => tokensOf(document, (t) => t >= range.from && t <= (range.to ?? Infinity))));
    }
    // Context by cutting the windows themselves: BOS is a token of context.
    const contextOf = (document: ScoredDocument): Map<number, number> =>
      new Map(cutWindows(document.tokenIds.length, { contextLength: 64, stride: 24, prefixId: 1 }).flatMap(({ start, firstTarget, endTarget }) =>
        Array.from({ length: endTarget - firstTarget }, (_, i) => [firstTarget + i - 1, firstTarget + i - start] as const)));
    expect(distribution.byContext.map(({ from }) => from)).toContain(40);
    for (const range of distribution.byContext) {
      expectStats(range, documents.flatMap((document) => {
        const contexts = contextOf(document);
        return tokensOf(document, (t) => contexts.get(t)! >= range.from && contexts.get(t)! <= range.to!);
      }));
    }
    const search = await findVocabulary(await readPlan(run), null);
    if ('missing' in search) throw new Error(search.missing);
    const classOf = (document: ScoredDocument, t: number): string => search.found.classOf(document.tokenIds[t]!);
    for (const name of TOKEN_CLASSES) {
      const own = documents.flatMap((document) => tokensOf(document, (t) => classOf(document, t) === name));
      const found = distribution.byClass!.find((entry) => entry.class === name);
      if (own.length === 0) expect(found).toBeUndefined();
      else expectStats(found!, own);
    }
  });

  it('add up: every way of dividing the tokens has all of them', async () => {
    const { distribution } = await auditOf(await writeRun({ units: [drawnDocuments('sums', 60)] }));
    for (const groups of [distribution.bySource, distribution.byContext, distribution.byDocumentPosition, distribution.byDocumentLength, distribution.byClass!]) {
      expect(groups.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(distribution.overall.tokens);
      expect(groups.reduce((sum, { bins }) => sum + bins.reduce((total, count) => total + count, 0), 0)).toBe(distribution.overall.scored);
    }
  });

  it('count positions of packed rows from where documents begin, and of the first from what its id says', async () => {
    const losses = Array.from({ length: 63 }, (_, t) => t / 8);
    const rows = [
      { ...documentOf({ id: 'a@0', losses }), docStarts: Int32Array.of(0, 40) },
      { ...documentOf({ id: 'b@23', losses }), docStarts: Int32Array.of(10) },
    ];
    const { distribution, completeness, documents } = await auditOf(await writeRun({ units: [rows], plan: (plan) => ({ ...plan, windows: { ...plan.windows, layout: 'packed', contextLength: 64, stride: 63 } }) }));
    expect(completeness.state).toBe('complete');
    const positions = rows.flatMap((_, row) => losses.map((loss, t) => ({ loss, position: row === 0 ? (t < 40 ? t : t - 40) : t < 10 ? 23 + t : t - 10 })));
    for (const { from, to, tokens, mean } of distribution.byDocumentPosition) {
      const own = positions.filter(({ position }) => position >= from && position <= to!);
      expect(tokens).toBe(own.length);
      expect(mean).toBeCloseTo(own.reduce((sum, { loss }) => sum + loss / own.length, 0), 10);
    }
    // BOS is the one token of context of the first.
    expect(distribution.byContext.map(({ from, tokens }) => [from, tokens]).slice(0, 4)).toEqual([[1, 2], [2, 2], [3, 2], [4, 4]]);
    expect(documents.random.map(({ text }) => text.documentStarts)).toEqual([[0, 40], [10]]);
  });

  it('list the 50 largest sources and put the rest together, dropping nothing', async () => {
    const documents = Array.from({ length: 70 }, (_, i) => documentOf({ id: `d${i}`, source: `s${i}`, losses: Array.from({ length: i + 1 }, () => 1 + i) }));
    const { distribution } = await auditOf(await writeRun({ units: [documents] }));
    expect(distribution.bySource).toHaveLength(51);
    expect(distribution.bySource[0]).toMatchObject({ source: 's69', tokens: 70, mean: 70, documents: 1 });
    const others = distribution.bySource.at(-1)!;
    expect([others.others, others.tokens, others.documents]).toEqual([true, (20 * 21) / 2, 20]);
    expect(distribution.sources).toEqual({ count: 70, inOthers: 20 });
  });

  it('are the same bytes when the audit is repeated, and for another seed in all but the samples', async () => {
    const run = await writeRun({ units: [drawnDocuments('again', 80)] });
    const [once, again, other] = [await auditOf(run), await auditOf(run), await auditOf(run, { seed: '1' })];
    expect(canonicalJson(again)).toBe(canonicalJson(once));
    expect(other.documents.random).not.toEqual(once.documents.random);
    expect({ ...other, documents: null }).toEqual({ ...once, documents: null });
  });

  it('hold for documents without tokens, without losses, and for losses beyond the cells', async () => {
    const run = await writeRun({ units: [[documentOf({ id: 'none', losses: [] }), documentOf({ id: 'first', losses: [NaN] }), documentOf({ id: 'far', losses: [800, 900] })]] });
    const { distribution, completeness, documents } = await auditOf(run);
    expect(distribution.overall).toMatchObject({ tokens: 3, scored: 2, mean: 850, perplexity: null, max: 900, percentiles: { p50: 64 } });
    expect(completeness.state).toBe('complete');
    expect(documents.random.map(({ id, meanLoss }) => [id, meanLoss])).toEqual([['first', null], ['far', 850]]);
    const nothing = await auditOf(await writeRun({ units: [[]] }));
    expect(nothing.distribution.overall).toMatchObject({ tokens: 0, mean: null, percentiles: null });
  });
});

describe('completeness', () => {
  it('is complete where every unit is there and every count agrees', async () => {
    const leftOut: LeftOut[] = [
      { kind: 'quarantined', origin: { file: 'a.jsonl', position: 17, positionKind: 'byte' }, reason: 'invalid-utf8', detail: 'byte 3 is no UTF-8' },
      { kind: 'skipped', origin: { file: 'a.jsonl', position: 90, positionKind: 'byte' }, id: 'e', reason: 'empty-text', detail: 'the text is empty' },
      { kind: 'quarantined', origin: { file: 'b.jsonl', position: 5, positionKind: 'byte' }, reason: 'invalid-utf8', detail: 'byte 9 is no UTF-8' },
    ];
    const { completeness, quarantine } = await auditOf(await writeRun({ units: [drawnDocuments('a', 10), drawnDocuments('b', 10)], leftOut, nonfinite: 2 }), { verify: true });
    expect(completeness).toMatchObject({
      state: 'complete', problems: [], balanced: true, nonfinite: 2, verification: 'hashed',
      units: { planned: 2, committed: 2, audited: 2, missing: [] }, documents: { read: 23, scored: 20, quarantined: 2, skipped: 1 },
      work: { unitSeconds: 4, seconds: 3, hosts: ['node-1'], firstUnitFinishedAt: '2026-11-20T03:00:00.000Z', lastUnitFinishedAt: '2026-11-20T03:00:01.000Z', paddedTokens: 8 },
    });
    expect(quarantine).toMatchObject({ quarantined: 2, skipped: 1, filesInAll: 2, files: [{ file: 'a.jsonl', count: 2 }, { file: 'b.jsonl', count: 1 }] });
    expect(quarantine.reasons.map(({ reason, count, examples }) => [reason, count, examples[0]!.position])).toEqual([['invalid-utf8', 2, 17], ['empty-text', 1, 90]]);
  });

  it('is unfinished without a manifest or a unit, and the numbers are of what is committed', async () => {
    const documents = drawnDocuments('part', 12);
    const { completeness, distribution } = await auditOf(await writeRun({ units: [documents, null] }));
    expect(completeness).toMatchObject({ state: 'unfinished', units: { planned: 2, committed: 1, audited: 1, missing: [1] }, duplicateIds: null, problems: [] });
    expect(distribution.overall.documents).toBe(12);
    const unsealed = await auditOf(await writeRun({ units: [documents], unfinished: true }));
    expect(unsealed.completeness).toMatchObject({ state: 'unfinished', units: { missing: [] } });
  });

  it('is damaged where a page of a shard was changed; the rest of the run is still audited', async () => {
    const run = await writeRun({ units: [drawnDocuments('whole', 20), drawnDocuments('hit', 40)], rowGroupTokens: 2000 });
    const whole = await auditOf(run);
    const path = join(run, 'shards/part-00001.parquet');
    const bytes = readFileSync(path);
    bytes[Math.floor(bytes.length / 3)]! ^= 1;
    writeFileSync(path, bytes);
    const { completeness, distribution } = await auditOf(run);
    expect(completeness).toMatchObject({ state: 'damaged', units: { audited: 1 } });
    expect(completeness.problems[0]!.message).toMatch(/^shards\/part-00001\.parquet, row group \d+, column \w+: .*left out$/);
    expect(distribution.overall.tokens).toBeLessThan(whole.distribution.overall.tokens);
    expect(distribution.overall.tokens).toBeGreaterThan(whole.distribution.overall.tokens / 3);
    expect(completeness.recorded).toEqual(whole.completeness.recorded);
    expect([completeness.tokens < completeness.recorded.tokens, completeness.rows < completeness.recorded.rows]).toEqual([true, true]);
    const verified = await auditOf(run, { verify: true });
    expect(verified.completeness.problems.map(({ message }) => message).join()).toContain('must have the sha256');
  });

  it('finds a hash that does not match only when files are hashed, and a missing or longer shard always', async () => {
    const run = await writeRun({ units: [drawnDocuments('x', 5), drawnDocuments('y', 5)], leftOut: [{ kind: 'skipped', origin: { file: 'a', position: 0, positionKind: 'row' }, reason: 'empty-text', detail: 'one' }] });
    const quarantine = join(run, 'quarantine/00000.jsonl');
    writeFileSync(quarantine, readFileSync(quarantine, 'utf8').replace('one', 'two'));
    expect((await auditOf(run)).completeness.state).toBe('complete');
    expect((await auditOf(run, { verify: true })).completeness).toMatchObject({ state: 'damaged', problemCount: 1 });
    rmSync(join(run, 'shards/part-00001.parquet'));
    const { completeness } = await auditOf(run);
    expect(completeness).toMatchObject({ state: 'damaged', units: { audited: 1 } });
    expect(completeness.problems.map(({ message }) => message).join()).toContain('shards/part-00001.parquet is missing');
    appendFileSync(join(run, 'manifest.json'), ' ');
    expect((await auditOf(run)).completeness.problems.map(({ message }) => message).join()).toContain('_SUCCESS');
  });

  it('does without the tokenizer, and says what that costs', async () => {
    const run = await writeRun({ units: [drawnDocuments('lost', 5)], plan: (plan) => ({ ...plan, tokenizer: { ...plan.tokenizer, location: '/nowhere' } }) });
    const report = await auditOf(run);
    expect(report.distribution.byClass).toBeNull();
    expect(report.documents.hasText).toBe(false);
    expect(report.notes.join()).toContain('--tokenizer names another place');
    await expect(auditOf(run, { tokenizer: '/nowhere' })).rejects.toThrow('/nowhere');
  });
});

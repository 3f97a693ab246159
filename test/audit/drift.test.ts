import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openAuditedRun } from '../../src/audit/audited-run.js';
import { stabilityIndex, wassersteinDistance } from '../../src/audit/distance.js';
import { compareDocuments } from '../../src/audit/document-changes.js';
import { cellOf, newCells } from '../../src/audit/loss-cells.js';
import type { ScoredDocument } from '../../src/records.js';
import { score } from '../../src/scoring/score.js';
import { cleanDocuments, demoDocuments, demoOptions, temporaryFolder, writeJsonl, type DemoDocument } from '../scoring/demo-run.js';
import { auditOf, documentOf, drawnDocuments, writeRun } from './audited-runs.js';

describe('distances between distributions of losses', () => {
  it('are 0 between a run and itself', () => {
    const bins = [3, 0, 14, 15];
    expect(stabilityIndex(bins, bins)).toBe(0);
    const cells = newCells();
    for (const loss of [0.1, 2, 3]) cells[cellOf(loss)]!++;
    expect(wassersteinDistance(cells, cells)).toBe(0);
  });

  it('are those of a worked example', () => {
    // Shares with half a token a bin: (10.5, 30.5) of 41 and (30.5, 10.5) of 41.
    expect(stabilityIndex([10, 30], [30, 10])).toBeCloseTo(((30.5 - 10.5) / 41) * Math.log(30.5 / 10.5) * 2, 12);
    const [a, b] = [newCells(), newCells()];
    for (const loss of [1, 2, 3]) a[cellOf(loss)]! += 5;
    for (const loss of [1, 2.5, 5]) b[cellOf(loss)]!++;
    expect(wassersteinDistance(a, b)).toBeCloseTo((0 + 0.5 + 2) / 3, 10);
  });
});

describe('documents of two runs', () => {
  const losses = (mean: number): number[] => Array.from({ length: 40 }, (_, t) => mean + Math.sin(t));
  const named = (id: string, text: string, mean = 2): ScoredDocument => documentOf({ id, text, losses: losses(mean) });

  it('are unchanged by text, changed by id, new or removed, each once, however small the table is', async () => {
    const before = [named('a', 'A'), named('b', 'B'), named('c', 'C'), named('moved', 'M'), named('twice-1', 'T'), named('twice-2', 'T'), named('gone', 'G')];
    const after = [named('a', 'A'), named('b', 'B2'), named('new', 'N'), named('elsewhere', 'M'), named('c', 'C'), named('twice-1', 'T'), named('more', 'T'), named('third', 'T')];
    const [earlier, now] = [await openAuditedRun(await writeRun({ units: [before] }), { verify: false }), await openAuditedRun(await writeRun({ units: [after.slice(0, 3), after.slice(3)] }), { verify: false })];
    const expected = { earlier: 7, now: 8, unchanged: 5, changed: 1, new: 2, removed: 1 };
    for (const tableRows of [1 << 20, 3, 2, 1]) expect((await compareDocuments(earlier, now, tableRows)).documents).toEqual(expected);
  });

  it('have paired deltas, the largest first', async () => {
    const shifts = Array.from({ length: 30 }, (_, i) => (i < 10 ? 0 : (i - 20) / 16));
    const write = (shifted: boolean): Promise<string> => writeRun({ units: [shifts.map((shift, i) => named(`d${i}`, `t${i}`, 3 + (shifted ? shift : 0)))] });
    const { drift } = await auditOf(await write(true), { compare: await write(false) });
    const { paired } = drift!;
    expect([paired!.documents, paired!.identical]).toEqual([30, 11]);
    expect(paired!.mean).toBeCloseTo(shifts.reduce((sum, shift) => sum + shift, 0) / 30, 6);
    expect(paired!.meanAbsolute).toBeCloseTo(shifts.reduce((sum, shift) => sum + Math.abs(shift), 0) / 30, 6);
    expect(paired!.largest.map(({ id }) => id).slice(0, 2)).toEqual(['d10', 'd29']);
    expect(paired!.percentiles).toEqual({ p1: -0.625, p5: -0.5625, p50: 0, p95: 0.5, p99: 0.5625 });
  });
});

describe('drift', () => {
  it('of a corpus that was scored again is nil', async () => {
    const documents = drawnDocuments('same', 150);
    const [earlier, now] = [await writeRun({ units: [documents] }), await writeRun({ units: [documents.slice(0, 70), documents.slice(70)] })];
    const { drift } = await auditOf(now, { compare: earlier, failOn: 'psi>0.25, sourcePsi>0.1, wasserstein>0, changedDocuments>0' });
    expect(drift).toMatchObject({ level: 'ok', changes: [], overall: { level: 'ok', psi: 0, wasserstein: 0 }, documents: { unchanged: 150, changed: 0, new: 0, removed: 0 }, paired: { identical: 150, mean: 0 } });
  });

  it('names sources that are new and gone, and gives no level to a few tokens', async () => {
    const source = (name: string, tokens: number): ScoredDocument => documentOf({ id: `${name}-${tokens}`, source: name, losses: Array.from({ length: tokens }, (_, t) => t % 7) });
    const { drift } = await auditOf(await writeRun({ units: [[source('kept', 12_000), source('fresh', 50)]] }), { compare: await writeRun({ units: [[source('kept', 11_000), source('gone', 60)]] }) });
    expect(drift).toMatchObject({ newSources: { count: 1, names: ['fresh'] }, removedSources: { count: 1, names: ['gone'] }, level: 'ok' });
    expect(drift!.bySource.map(({ source: name, level, psi }) => [name, level, psi === null])).toEqual([['kept', 'ok', false], ['fresh', 'too-few', true], ['gone', 'too-few', true]]);
  });

  it('of too few tokens is nobody\'s alarm: its distances are 0 to a condition, unless the raw ones are named', async () => {
    const [earlier, now] = [await writeRun({ units: [drawnDocuments('few', 5)] }), await writeRun({ units: [drawnDocuments('other few', 5, 6)] })];
    const { drift, checks } = await auditOf(now, { compare: earlier, failOn: 'psi>0.25, wasserstein>0.25, rawPsi>0.25, rawWasserstein>0.25' });
    expect([drift!.level, drift!.overall.psi! > 0.25]).toEqual(['too-few', true]);
    expect(checks.slice(0, 4).map(({ failed }) => failed)).toEqual([false, false, true, true]);
  });

  it('says first that the model or the tokenizer is another one, and pairs nothing across tokenizers', async () => {
    const documents = drawnDocuments('model', 10);
    const earlier = await writeRun({ units: [documents] });
    const now = await writeRun({ units: [documents], plan: (plan) => ({ ...plan, windows: { ...plan.windows, stride: 20 }, model: { ...plan.model, hash: 'a'.repeat(64) }, tokenizer: { ...plan.tokenizer, hash: 'b'.repeat(64) } }) });
    const { drift } = await auditOf(now, { compare: earlier });
    expect(drift!.changes.map(({ key, level }) => [key, level])).toEqual([['model.hash', 'alarm'], ['tokenizer.hash', 'alarm'], ['windows.stride', 'watch']]);
    expect(drift!.paired).toBeNull();
  });

  it('raises the alarm where the share of planted noise has doubled, and not where other clean documents came', async () => {
    const clean = cleanDocuments(220);
    const cleanIds = new Set(clean.map(({ id }) => id));
    const noisy = demoDocuments(600).filter(({ id }) => !cleanIds.has(id));
    const folder = temporaryFolder();
    const scored = async (name: string, documents: readonly DemoDocument[]): Promise<string> => {
      const corpus = join(folder, `${name}.jsonl`);
      writeJsonl(corpus, documents);
      await score(demoOptions(corpus, join(folder, name)));
      return join(folder, name);
    };
    const before = await scored('before', [...clean.slice(0, 60), ...noisy.slice(0, 20)]);
    const noisier = await scored('noisier', [...clean.slice(0, 40), ...noisy.slice(0, 40)]);
    const other = await scored('other', [...clean.slice(60, 120), ...noisy.slice(0, 20)]);
    const alarm = (await auditOf(noisier, { compare: before, failOn: 'psi>0.25, wasserstein>0.25' }));
    expect([alarm.drift!.level, alarm.drift!.overall.level, alarm.checks.some(({ failed }) => failed)]).toEqual(['alarm', 'alarm', true]);
    expect((await auditOf(other, { compare: before })).drift!.overall.level).not.toBe('alarm');
  });
});

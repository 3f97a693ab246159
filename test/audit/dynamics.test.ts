import { describe, expect, it } from 'vitest';
import { categoryOf, changeWeights } from '../../src/audit/token-dynamics.js';
import { createRandom } from '../../src/math/random.js';
import { keepCount } from '../../src/selection/keep-count.js';
import { auditOf, documentOf, drawnDocuments, writeRun } from './audited-runs.js';

describe('token dynamics', () => {
  it('follow the least-squares line through the losses', () => {
    const losses = [3, 1, 4, 1, 5];
    const [meanX, meanY] = [2, losses.reduce((sum, y) => sum + y) / 5];
    const slope = losses.reduce((sum, y, x) => sum + (x - meanX) * (y - meanY), 0) / losses.reduce((sum, _, x) => sum + (x - meanX) ** 2, 0);
    expect(changeWeights(5).reduce((sum, weight, x) => sum + weight * losses[x]!, 0)).toBeCloseTo(4 * slope, 12);
    expect(changeWeights(2)).toEqual(Float64Array.of(-1, 1));
  });

  it('are H->L below -0.2, L->H above 0.2, and else by the last loss against the mean', () => {
    expect([[-0.21, 9], [0.21, 0], [0.2, 2.1], [-0.2, 2], [0, 1.9]].map(([change, last]) => categoryOf(change!, last!, 2))).toEqual([2, 1, 0, 3, 3]);
  });

  it('count every token that all checkpoints scored, with means, classes and examples of each category', async () => {
    const random = createRandom('checkpoints');
    const kinds = ['H->H', 'L->H', 'H->L', 'L->L'] as const;
    const lines: Record<(typeof kinds)[number], readonly number[]> = { 'H->H': [6, 6.1, 6], 'L->H': [1, 2, 3], 'H->L': [6, 3, 0.5], 'L->L': [0.5, 0.5, 0.4] };
    const planted = Array.from({ length: 8 }, () => Array.from({ length: 60 }, () => random.pick(kinds)));
    const checkpoint = (k: number): Promise<string> => writeRun({
      units: [planted.map((tokens, i) => documentOf({ id: `d${i}`, losses: tokens.map((kind, t) => (t === 0 ? NaN : lines[kind][k]!)) }))], rowGroupTokens: 100 + 50 * k,
      plan: (plan) => ({ ...plan, model: { ...plan.model, hash: String(k).repeat(64) } }),
    });
    const [first, second, last] = [await checkpoint(0), await checkpoint(1), await checkpoint(2)];
    const { dynamics } = await auditOf(last, { dynamics: [first, second] });
    if (dynamics.kind !== 'checkpoints') throw new Error('expected checkpoints');
    const scored = planted.flatMap((tokens) => tokens.slice(1));
    expect(dynamics).toMatchObject({ joined: { documents: 8, tokens: 480, unmatched: 0 }, tokens: 472, checkpoints: [{ run: first }, { run: second }, { run: last }] });
    for (const { category, tokens, share, means, byClass, examples } of dynamics.categories) {
      const count = scored.filter((kind) => kind === category).length;
      expect([tokens, share]).toEqual([count, count / 472]);
      for (const [k, mean] of means!.entries()) expect(mean).toBeCloseTo(lines[category][k]!, 6);
      expect(byClass!.reduce((sum, entry) => sum + entry.tokens, 0)).toBe(count);
      expect(examples).toHaveLength(8);
      for (const { id, position, losses } of examples) {
        expect(planted[Number(id.slice(1))]![position]).toBe(category);
        expect(losses).toEqual([...lines[category]]);
      }
    }
    // Named in the middle, the audited run stands there.
    const { dynamics: turned } = await auditOf(last, { dynamics: [last, second, first] });
    if (turned.kind !== 'checkpoints') throw new Error('expected checkpoints');
    const shares = (of: typeof dynamics): number[] => of.categories.map(({ tokens }) => tokens);
    expect([shares(turned)[1], shares(turned)[2]]).toEqual([shares(dynamics)[2], shares(dynamics)[1]]);
  });

  it('of one run are its tokens above and below the mean', async () => {
    const { dynamics } = await auditOf(await writeRun({ units: [[documentOf({ id: 'd', losses: [1, 1, 1, 5, NaN] })]] }));
    expect(dynamics).toEqual({ kind: 'reference', mean: 2, low: { tokens: 3, share: 0.75 }, high: { tokens: 1, share: 0.25 } });
  });

  it('join what the runs have in common, and refuse another order or another tokenizer', async () => {
    const documents = drawnDocuments('join', 12);
    const run = await writeRun({ units: [documents] });
    const some = await writeRun({ units: [documents.filter((_, i) => i % 3 !== 0), drawnDocuments('extra', 2)] });
    const { dynamics } = await auditOf(run, { dynamics: [some] });
    expect(dynamics).toMatchObject({ joined: { documents: 8, unmatched: 4 } });
    await expect(auditOf(run, { dynamics: [await writeRun({ units: [[...documents].reverse()] })] })).rejects.toThrow('in the order of the audited run');
    const other = await writeRun({ units: [documents], plan: (plan) => ({ ...plan, tokenizer: { ...plan.tokenizer, hash: 'c'.repeat(64) } }) });
    await expect(auditOf(run, { dynamics: [other] })).rejects.toThrow('must have the tokenizer of');
    const strange = await writeRun({ units: [drawnDocuments('strange', 3)] });
    for (const asked of [{ dynamics: [strange] }, { live: strange }]) {
      await expect(auditOf(run, asked)).rejects.toMatchObject({ kind: 'mismatch', message: `${strange} must hold documents of ${run}, it has none of them` });
    }
    await expect(auditOf(run, { dynamics: [run] })).rejects.toThrow('two or more checkpoints');
  });
});

describe('excess losses of a live model', () => {
  it('are live minus reference loss, and a selection keeps the largest of each row group', async () => {
    const documents = drawnDocuments('ref', 20);
    const random = createRandom('live');
    const live = documents.map((document) => ({ ...document, refLoss: document.refLoss.map((loss) => loss + random.float() * 4 - 1) }));
    const [run, liveRun] = [await writeRun({ units: [documents], rowGroupTokens: 1_000_000 }), await writeRun({ units: [live] })];
    const report = await auditOf(run, { live: liveRun, keepFractions: [0.25, 0.6] });
    const { excess } = report;
    const all = documents.flatMap(({ refLoss }, i) => Array.from(refLoss, (loss, t) => ({ reference: loss, excess: Math.fround(live[i]!.refLoss[t]! - loss) }))).filter((token) => !Number.isNaN(token.excess));
    expect(excess!.tokens).toBe(all.length);
    expect(excess!.mean).toBeCloseTo(all.reduce((sum, token) => sum + token.excess, 0) / all.length, 10);
    expect(excess!.positiveShare).toBe(all.filter((token) => token.excess > 0).length / all.length);
    expect(excess!.bins.reduce((sum, count) => sum + count, 0)).toBe(all.length);
    const sorted = [...all].sort((a, b) => b.excess - a.excess);
    for (const { keepFraction, candidates, kept, meanExcess, meanReference, bySource, byClass } of excess!.selections) {
      const count = keepCount(all.length, keepFraction);
      expect([candidates, kept]).toEqual([all.length, count]);
      const mean = (tokens: typeof all, name: 'excess' | 'reference'): number => tokens.reduce((sum, token) => sum + token[name], 0) / tokens.length;
      expect(meanExcess.kept).toBeCloseTo(mean(sorted.slice(0, count), 'excess'), 8);
      expect(meanReference.dropped).toBeCloseTo(mean(sorted.slice(count), 'reference'), 8);
      for (const groups of [bySource, byClass!]) expect(groups.reduce((sum, group) => sum + group.kept, 0)).toBe(count);
    }
    const shown = report.documents.noisiest[0]!;
    const number = documents.findIndex(({ id }) => id === shown.id);
    const own = Array.from(documents[number]!.refLoss, (loss, t) => Math.fround(live[number]!.refLoss[t]! - loss));
    expect(shown.text.excess).toEqual(own.map((value) => (Number.isNaN(value) ? null : Math.round(value * 1e4) / 1e4)));
    const lowest = sorted[keepCount(all.length, 0.25) - 1]!.excess;
    expect(shown.text.kept).toEqual(own.map((value) => Number(value >= lowest)));
  });
});

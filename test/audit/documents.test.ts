import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { cutWindows } from '../../src/windows/cut.js';
import { DEMO_MODEL } from '../scoring/demo-run.js';
import { auditOf, documentOf, drawnDocuments, writeRun } from './audited-runs.js';

describe('the documents of an audit', () => {
  it('have pieces that joined are the text, where tokens are parts of characters and where the text is hostile', async () => {
    const tokenizer = await loadTokenizer(DEMO_MODEL);
    const texts = ['A plain line.\n\tTabbed.', 'naïve 文書 🦊🦊 e\u0301', '</script><b onload=x>&amp;\u0000\u202E', '   ', '\uFEFFbom'];
    const encoded = await tokenizer.encode(texts, { bytes: false });
    const documents = texts.map((_, i) => documentOf({ id: `t${i}`, ids: [...encoded[i]!.ids], losses: Array.from(encoded[i]!.ids, () => 1) }));
    const { documents: { random } } = await auditOf(await writeRun({ units: [documents] }));
    expect(random.map(({ text }) => text.pieces.join(''))).toEqual(texts);
    const fox = random[1]!.text;
    expect(fox.partial.length).toBeGreaterThan(8);
    expect(fox.pieces.filter((piece) => piece === '').length).toBeGreaterThan(8);
    expect(fox.pieces.length).toBe(fox.ids.length);
  });

  it('are the noisiest and the quietest by mean loss, without short ones, and the sample is drawn from all', async () => {
    const documents = drawnDocuments('picks', 100);
    const { documents: found } = await auditOf(await writeRun({ units: [documents.slice(0, 30), documents.slice(30)] }));
    const mean = (losses: Float32Array): number => losses.filter((loss) => !Number.isNaN(loss)).reduce((sum, loss, _, { length }) => sum + loss / length, 0);
    const long = documents.filter(({ refLoss }) => refLoss.filter((loss) => !Number.isNaN(loss)).length >= 32).sort((a, b) => mean(b.refLoss) - mean(a.refLoss)).map(({ id }) => id);
    expect(found.noisiest.map(({ id }) => id)).toEqual(long.slice(0, 10));
    expect(found.quietest.map(({ id }) => id)).toEqual(long.slice(-10).reverse());
    expect([found.candidates, found.documents, new Set(found.random.map(({ id }) => id)).size]).toEqual([long.length, 100, 10]);
  });

  it('show losses to four decimals, where windows begin, and at most 512 tokens', async () => {
    const losses = Array.from({ length: 700 }, (_, t) => (t === 5 ? NaN : t / 3));
    const { documents: { random: [document] } } = await auditOf(await writeRun({ units: [[documentOf({ id: 'long', losses })]] }));
    const { text, shown, tokens } = document!;
    expect([tokens, shown, text.losses.length]).toEqual([700, 512, 512]);
    expect(text.losses.slice(4, 7)).toEqual([1.3333, null, 2]);
    const windows = cutWindows(700, { contextLength: 64, stride: 24, prefixId: 1 });
    expect(text.windowStarts).toEqual(windows.slice(1).map(({ firstTarget }) => firstTarget - 1).filter((t) => t < 512));
  });
});

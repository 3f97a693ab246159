import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { score } from '../../src/scoring/score.js';
import { allRows, DEMO, demoDocuments, demoOptions, temporaryFolder, writeJsonl } from './demo-run.js';

interface NoiseRecord {
  readonly id: string;
  readonly spans: readonly { readonly start: number; readonly end: number }[];
}

/** The chance that a random noise token has a higher loss than a random clean one; equal losses count half. */
function areaUnderCurve(clean: readonly number[], noise: readonly number[]): number {
  const all = [...clean.map((loss) => ({ loss, noisy: 0 })), ...noise.map((loss) => ({ loss, noisy: 1 }))].sort((a, b) => a.loss - b.loss);
  let rankSum = 0;
  for (let first = 0; first < all.length; ) {
    let end = first;
    while (end < all.length && all[end]!.loss === all[first]!.loss) end++;
    for (let at = first; at < end; at++) rankSum += all[at]!.noisy * ((first + end + 1) / 2);
    first = end;
  }
  return (rankSum - (noise.length * (noise.length + 1)) / 2) / (noise.length * clean.length);
}

describe('the demo', () => {
  it('separates planted noise from clean text by reference loss alone: AUC at least 0.95', async () => {
    const folder = temporaryFolder();
    const documents = demoDocuments(250);
    writeJsonl(join(folder, 'corpus.jsonl'), documents);
    await score(demoOptions(join(folder, 'corpus.jsonl'), join(folder, 'run'), 'output.stats=[bytes]'));
    const records = readFileSync(join(DEMO, 'noise.jsonl'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as NoiseRecord);
    const spansOf = new Map(records.map(({ id, spans }) => [id, spans]));

    const clean: number[] = [];
    const noise: number[] = [];
    for (const [at, { doc_id: id, ref_loss: losses, token_bytes: bytes }] of (await allRows(join(folder, 'run'))).entries()) {
      const { text } = documents[at]!;
      const spans = spansOf.get(id)!.map(({ start, end }) => [Buffer.byteLength(text.slice(0, start)), Buffer.byteLength(text.slice(0, end))] as const);
      let from = 0;
      losses.forEach((loss, token) => {
        const to = from + bytes![token]!;
        const inside = spans.some(([start, end]) => from < end && to > start);
        (inside ? noise : clean).push(loss);
        from = to;
      });
    }
    expect(noise.length).toBeGreaterThan(5000);
    expect(clean.length).toBeGreaterThan(10_000);
    expect(areaUnderCurve(clean, noise)).toBeGreaterThanOrEqual(0.95);
  });
});

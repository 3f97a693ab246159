import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { score } from '../../src/scoring/score.js';
import { allRows, demoDocuments, demoOptions, temporaryFolder, writeJsonl } from './demo-run.js';
import { areaUnderCurve, noiseFinder } from './planted-noise.js';

describe('the demo', () => {
  it('separates planted noise from clean text by reference loss alone: AUC at least 0.95', async () => {
    const folder = temporaryFolder();
    const documents = demoDocuments(250);
    writeJsonl(join(folder, 'corpus.jsonl'), documents);
    await score(demoOptions(join(folder, 'corpus.jsonl'), join(folder, 'run'), 'output.stats=[bytes]'));
    const isNoise = noiseFinder(documents);

    const clean: number[] = [];
    const noise: number[] = [];
    for (const { doc_id: id, ref_loss: losses, token_bytes: bytes } of await allRows(join(folder, 'run'))) {
      isNoise(id, bytes!).forEach((noisy, token) => (noisy ? noise : clean).push(losses[token]!));
    }
    expect(noise.length).toBeGreaterThan(5000);
    expect(clean.length).toBeGreaterThan(10_000);
    expect(areaUnderCurve(clean, noise)).toBeGreaterThanOrEqual(0.95);
  });
});

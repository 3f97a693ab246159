import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import { score } from '../../src/scoring/score.js';
import { selectTokens } from '../../src/selection/select-tokens.js';
import { train } from '../../src/training/train.js';
import { allRows, demoDocuments, demoOptions, temporaryFolder, writeJsonl } from '../scoring/demo-run.js';
import { areaUnderCurve, noiseFinder } from '../scoring/planted-noise.js';

const PIPELINE = fileURLToPath(new URL('../../pipelines/train.tiny.yaml', import.meta.url));
/** Steps after which the model has left the loss of a guess, ln 2048 = 7.6 nats, well behind on clean text. */
const STEPS = 30;

describe('excess loss', () => {
  it('rejects planted noise after a short training: AUC at least 0.95, and at keepFraction 0.6 at least 90 % of the noise is dropped', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder();
    const documents = demoDocuments(150);
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, documents);
    await score(demoOptions(corpus, join(folder, 'reference'), 'output.stats=[bytes]', 'windows.contextLength=256'));
    const { model } = await train(
      resolveTrainOptions({
        pipelinePath: PIPELINE,
        set: ['run.evaluateOn={}', 'run.threads=2', 'batch.sequences=4'],
        flags: { scores: join(folder, 'reference'), out: join(folder, 'trained'), steps: STEPS },
        cwd: folder,
      }),
    );
    await score({ ...demoOptions(corpus, join(folder, 'live'), 'windows.contextLength=256'), model: { path: model, precision: 'auto' } });

    const isNoise = noiseFinder(documents);
    const liveOf = new Map((await allRows(join(folder, 'live'))).map((row) => [row.doc_id, row]));
    const noisy: boolean[] = [];
    const live: number[] = [];
    const reference: number[] = [];
    for (const { doc_id: id, token_ids: ids, ref_loss: losses, token_bytes: bytes } of await allRows(join(folder, 'reference'))) {
      const row = liveOf.get(id)!;
      expect(row.token_ids).toEqual(ids);
      noisy.push(...isNoise(id, bytes!));
      live.push(...row.ref_loss);
      reference.push(...losses);
    }
    const excess = live.map((loss, token) => loss - reference[token]!);
    const of = <T>(values: ArrayLike<T>, noise: boolean): T[] => Array.from(values).filter((_, token) => noisy[token] === noise);
    const { mask, kept } = selectTokens(
      { sequenceOffsets: Int32Array.of(0, live.length), step: 0, liveLoss: Float32Array.from(live), referenceLoss: Float32Array.from(reference) },
      { score: 'excess', keepFraction: 0.6 },
    );
    const dropped = of(mask, true).filter((one) => one === 0).length;

    expect(of(noisy, true).length).toBeGreaterThan(10_000);
    expect(kept / live.length).toBeCloseTo(0.6, 4);
    expect(mean(of(live, false))).toBeLessThan(5.5);
    expect(areaUnderCurve(of(excess, true), of(excess, false))).toBeGreaterThanOrEqual(0.95);
    expect(dropped / of(noisy, true).length).toBeGreaterThanOrEqual(0.9);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

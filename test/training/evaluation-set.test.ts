import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { score } from '../../src/scoring/score.js';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';
import { openEvaluationSet } from '../../src/training/evaluation-set.js';
import { DEMO_MODEL, cleanDocuments, demoOptions, temporaryFolder, writeJsonl } from '../scoring/demo-run.js';

const reading = async () => ({ tokenizer: await loadTokenizer(DEMO_MODEL), vocabSize: 2048, textField: ['text'], verify: true });

describe('a held-out set', () => {
  it('is a corpus, or a score set of it, with the same tokens', async () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'clean.jsonl'), cleanDocuments(12));
    await score(demoOptions(join(folder, 'clean.jsonl'), join(folder, 'scores'), 'corpus.unitBytes=2000'));
    const corpus = await openEvaluationSet('clean', join(folder, 'clean.jsonl'), await reading());
    const scores = await openEvaluationSet('clean', join(folder, 'scores'), await reading());
    expect(scores.documents.map(({ tokenIds }) => [...tokenIds])).toEqual(corpus.documents.map(({ tokenIds }) => [...tokenIds]));
    expect(corpus.documents).toHaveLength(12);
  });

  it('of packed rows leaves out what fills the last of them up', async () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'clean.jsonl'), cleanDocuments(6));
    const { manifest } = await score(demoOptions(join(folder, 'clean.jsonl'), join(folder, 'scores'), 'windows.layout=packed', 'windows.contextLength=64'));
    const { documents } = await openEvaluationSet('clean', join(folder, 'scores'), await reading());
    expect(documents).toHaveLength(manifest.totals.rows);
    const counted = documents.map(({ tokenIds, fillFrom = tokenIds.length }) => fillFrom);
    expect(counted.slice(0, -1).every((count) => count === 63)).toBe(true);
    expect(counted.at(-1)).toBeLessThan(63);
    // Every token but the fill has a loss, since a BOS prefix gives each row's first token a context.
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(manifest.totals.scored);
  });

  it('is refused where it has nothing to evaluate, is not finished, or was cut by another tokenizer', async () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'empty.jsonl'), [{ text: '' }]);
    await expect(openEvaluationSet('held', join(folder, 'empty.jsonl'), await reading())).rejects.toMatchObject({ kind: 'data', message: expect.stringContaining('must hold documents') as string });
    mkdirSync(join(folder, 'unfinished'));
    writeFileSync(join(folder, 'unfinished/plan.json'), '{}');
    await expect(openEvaluationSet('held', join(folder, 'unfinished'), await reading())).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining('is not a finished run') as string });
    writeJsonl(join(folder, 'other-field.jsonl'), [{ content: 'text' }]);
    await expect(openEvaluationSet('held', join(folder, 'other-field.jsonl'), await reading())).rejects.toMatchObject({
      kind: 'data', message: expect.stringContaining('the record has no field "text", only "content"') as string, advice: expect.stringContaining('--text-field') as string,
    });
    writeJsonl(join(folder, 'clean.jsonl'), cleanDocuments(2));
    await score(demoOptions(join(folder, 'clean.jsonl'), join(folder, 'scores')));
    const { tokenizer, ...rest } = await reading();
    const other = { ...tokenizer, info: { ...tokenizer.info, hash: 'f'.repeat(64) } };
    await expect(openEvaluationSet('held', join(folder, 'scores'), { tokenizer: other, ...rest })).rejects.toMatchObject({ kind: 'mismatch', message: expect.stringContaining(`sha256 ${'f'.repeat(64)}`) as string });
  });
});

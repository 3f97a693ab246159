import { describe, expect, it } from 'vitest';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import { compareRuns, type ComparedRun, type Comparison } from '../../src/training/comparison.js';
import { comparisonMarkdown } from '../../src/training/comparison-markdown.js';
import { comparisonSettings } from '../../src/training/comparison-settings.js';

function markdown(comparison: Comparison): string {
  const options = resolveTrainOptions({
    set: ['objective.kind=selective', 'model.path=m', 'data.scores=s', 'data.length=255', 'batch.sequences=4', 'batch.accumulation=2', 'optimizer.learningRate=0.002', 'run.steps=20', 'run.evaluateEvery=10', 'output.folder=o'],
    flags: {},
    cwd: '/',
  });
  return comparisonMarkdown({ title: 'Comparison of\nall', comparison, settings: comparisonSettings(comparison, options) });
}

function run(selection: ComparedRun['selection'], seed: number, kept: number, losses: readonly number[], name = 'heldout'): ComparedRun {
  return { selection, seed, points: losses.map((loss, at) => ({ step: 10 * at, consumedTokens: 20_000 * at, trainedTokens: kept * at, evaluations: [{ name, loss }] })) };
}

const RUNS = [run('all', 1, 20_000, [8, 6, 5]), run('excess', 1, 12_000, [8, 4, 3.5]), run('all', 2, 20_000, [8, 7, 5]), run('excess', 2, 12_000, [8, 7, 5.5])];

describe('the page of a comparison', () => {
  it('says what was run, and puts means and ranges into a table', () => {
    const text = markdown(compareRuns(RUNS, ['all', 'excess'], [1, 2]));
    expect(text.split('\n').slice(0, 14)).toEqual([
      '# Comparison of all',
      '',
      '- 2 seeds, 20 steps of 8 sequences of 255 tokens: each run consumed 40,000 tokens.',
      '- Kept share 0.6 (of the batch), for every selection but `all`.',
      '- Learning rate 0.002, cosine to 0, 0 steps of warm-up.',
      '- All runs start from the same checkpoint. A seed gives the order of rows, the same for all selections.',
      '',
      'Held-out set `heldout`, 8.0000 nats before training:',
      '',
      '| selection | trained tokens | loss at equal consumed tokens | less that of all             | loss at equal trained tokens | steps to all      |',
      '|-----------|----------------|-------------------------------|------------------------------|------------------------------|-------------------|',
      '| all       | 40,000         | 5.0000                        | 0.0000                       | 6.2000 (5.8000 to 6.6000)    | 20                |',
      '| excess    | 24,000         | 4.5000 (3.5000 to 5.5000)     | -0.5000 (-1.5000 to +0.5000) | 4.5000 (3.5000 to 5.5000)    | 8 in 1 of 2 seeds |',
      '',
    ]);
    expect(text).toContain('the mean of 2 seeds (lowest to highest): what was seen, not a confidence interval');
    expect(text).toContain('once trained on 24,000 tokens');
  });

  it('tells no range of token counts that differ by less than a thousandth, as those of seeds do', () => {
    const other = (selection: string, kept: number): ComparedRun => ({ selection, seed: 2, points: run(selection, 2, kept, [8, 4, 3]).points });
    const text = (kept: number): string => markdown(compareRuns([run('excess', 1, 12_000, [8, 4, 3]), other('excess', kept)], ['excess'], [1, 2]));
    expect(text(12_006)).toContain('| 24,006         |');
    expect(text(12_600)).toContain('| 24,600 (24,000 to 25,200) |');
  });

  it('claims no spread for one seed, and names what is not reached', () => {
    const text = markdown(compareRuns(RUNS, ['all', 'excess'], [2]));
    expect(text).toContain('- 1 seed, 20 steps');
    expect(text).toContain('One seed: nothing is known of the spread.');
    expect(text).toMatch(/\| excess .*\| not reached +\|/);
  });

  it('has no column for a baseline that was not run', () => {
    const text = markdown(compareRuns(RUNS, ['excess'], [1]));
    expect(text).not.toContain('less that of all');
    expect(text).not.toContain('steps to all');
  });

  it('keeps a name of an evaluation set inside its line', () => {
    const runs = [run('all', 1, 10, [2, 1], 'a\n# b` | c')];
    expect(markdown(compareRuns(runs, ['all'], [1]))).toContain('Held-out set `a # b c`, 2.0000 nats before training:');
  });
});

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import { score } from '../../src/scoring/score.js';
import type { SelectionScore } from '../../src/selection/options.js';
import { compare, runOptions, type CompareEvent, type CompareHooks } from '../../src/training/compare.js';
import type { WrittenComparison } from '../../src/training/comparison-files.js';
import { readMetrics } from '../../src/training/metrics/metrics-log.js';
import type { TrainOptions } from '../../src/training/options.js';
import { DEMO_MODEL, cleanDocuments, demoDocuments, demoOptions, writeJsonl } from '../scoring/demo-run.js';

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'touchstone-compare-'));
  writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(60));
  writeJsonl(join(folder, 'clean.jsonl'), cleanDocuments(8));
  await score(demoOptions(join(folder, 'corpus.jsonl'), join(folder, 'scores'), 'windows.contextLength=64'));
});

afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const INIT = { model_type: 'llama', vocab_size: 2048, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 64, tie_word_embeddings: true };
const STEPS = 6;

function settings(out: string, ...set: readonly string[]): TrainOptions {
  return resolveTrainOptions({
    set: [
      `model.init=${JSON.stringify(INIT)}`, `tokenizer.path=${DEMO_MODEL}`, `data.scores=${join(folder, 'scores')}`, 'objective.kind=selective', 'data.length=63', 'batch.sequences=2',
      'optimizer.learningRate=0.005', `run.steps=${STEPS}`, 'run.threads=1', 'run.evaluateEvery=2', `run.evaluateOn={clean: ${join(folder, 'clean.jsonl')}}`, `output.folder=${join(folder, out)}`, ...set,
    ],
    flags: {},
    cwd: folder,
  });
}

async function compared(out: string, selections: readonly SelectionScore[], seeds: number, hooks: CompareHooks = {}, ...set: readonly string[]): Promise<WrittenComparison & { readonly runs: readonly string[]; readonly steps: number }> {
  const runs: string[] = [];
  let steps = 0;
  const onEvent = (event: CompareEvent): void => {
    if (event.kind === 'run') runs.push(`${event.number}/${event.of} ${event.selection} ${event.seed}${event.finished ? ' finished' : ''}`);
    else if (event.event.kind === 'step' && event.event.metrics.step > 0) steps++;
    hooks.onEvent?.(event);
  };
  const result = await compare({ train: settings(out, ...set), selections, seeds }, { ...hooks, onEvent });
  return { ...result, runs, steps };
}

describe('comparing selections', () => {
  it('trains each selection under each seed, and puts the figures of their logs into one table', async () => {
    const { comparison, text, page, curves, runs, steps } = await compared('table', ['all', 'random', 'excess'], 2);
    expect(runs).toEqual(['1/6 all 1', '2/6 random 1', '3/6 excess 1', '4/6 all 2', '5/6 random 2', '6/6 excess 2']);
    expect(steps).toBe(6 * STEPS);
    const [set] = comparison.sets;
    expect(comparison).toMatchObject({ seeds: 2, steps: STEPS });
    expect(set!.selections.map(({ selection }) => selection)).toEqual(['all', 'random', 'excess']);
    for (const { selection, lossAtEqualConsumed, trainedTokens } of set!.selections) {
      for (const seed of [1, 2]) {
        const { trainedTokens: trained, consumedTokens, evaluations } = (await readMetrics(join(folder, `table/${selection}-${seed}/metrics.jsonl`))).at(-1)!;
        expect([lossAtEqualConsumed.values[seed - 1], trainedTokens.values[seed - 1]]).toEqual([evaluations![0]!.loss, trained]);
        expect(comparison.consumedTokens.values[seed - 1]).toBe(consumedTokens);
      }
    }
    expect(readFileSync(page, 'utf8')).toBe(text);
    const drawn = readFileSync(curves, 'utf8');
    for (const { lossAtEqualConsumed } of set!.selections) expect(drawn).toContain(lossAtEqualConsumed.mean.toFixed(4));
    expect(text).toMatch(/^- 2 seeds, 6 steps of 2 sequences of 63 tokens: each run consumed [\d,]+( \([\d,]+ to [\d,]+\))? tokens\.$/m);
    expect(text.split('\n').filter((line) => /^\| (all|random|excess) /.test(line))).toHaveLength(3);
  });

  it('gives all selections of a seed the same initial weights and rows, and each seed its own', async () => {
    await compared('same', ['all', 'reference'], 2, {}, 'run.steps=1');
    const first = async (run: string): Promise<{ before: number; lossAll: number }> => {
      const [before, step] = await readMetrics(join(folder, 'same', run, 'metrics.jsonl'));
      return { before: before!.evaluations![0]!.loss, lossAll: step!.lossAll };
    };
    const [all, reference, other] = await Promise.all(['all-1', 'reference-1', 'all-2'].map(first));
    expect(reference).toEqual(all);
    expect(other!.before).not.toBe(all!.before);
    expect(other!.lossAll).not.toBe(all!.lossAll);
    const base = settings('same');
    const [one, two] = [runOptions(base, 'random', 1), runOptions(base, 'random', 2)];
    expect([one.model.seed === two.model.seed, one.data.seed === two.data.seed, one.selection.seed === two.selection.seed]).toEqual([false, false, false]);
  });

  it('stopped and resumed repeats no finished run, goes on with the one under way, and gives the same table', async () => {
    const whole = await compared('whole', ['all', 'excess'], 1);
    const controller = new AbortController();
    const stop = (event: CompareEvent): void => {
      if (event.kind === 'training' && event.event.kind === 'step' && event.event.metrics.step === 4 && existsSync(join(folder, 'stopped/all-1/finished.json'))) controller.abort(new Error('enough'));
    };
    await expect(compared('stopped', ['all', 'excess'], 1, { signal: controller.signal, onEvent: stop })).rejects.toThrow('enough');
    expect(existsSync(join(folder, 'stopped/compare.md'))).toBe(false);
    const model = join(folder, 'stopped/all-1/model/model.safetensors');
    const written = statSync(model).mtimeMs;
    const resumed = await compared('stopped', ['all', 'excess'], 1, { resume: true });
    expect(resumed.runs).toEqual(['1/2 all 1 finished', '2/2 excess 1']);
    expect(resumed.steps).toBe(STEPS - 4);
    expect(statSync(model).mtimeMs).toBe(written);
    expect(resumed.comparison).toEqual(whole.comparison);

    const more = await compared('stopped', ['all', 'reference', 'excess'], 1, { resume: true });
    expect(more.runs).toEqual(['1/3 all 1 finished', '2/3 reference 1', '3/3 excess 1 finished']);
    expect(readFileSync(more.page, 'utf8')).toContain('| reference ');
  });

  it('refuses a folder that holds a comparison, and on resume other settings and another held-out text', async () => {
    await compared('taken', ['all', 'random'], 1, {}, 'run.steps=1');
    await expect(compared('taken', ['all', 'random'], 1, {}, 'run.steps=1')).rejects.toThrow('holds a comparison, expected an empty folder');
    await expect(compared('taken', ['all', 'random'], 1, { resume: true }, 'run.steps=2')).rejects.toThrow('holds a comparison with other settings');
    writeJsonl(join(folder, 'other.jsonl'), cleanDocuments(9).slice(1));
    await expect(compared('taken', ['all', 'random'], 1, { resume: true }, 'run.steps=1', `run.evaluateOn={clean: ${join(folder, 'other.jsonl')}}`)).rejects.toThrow('other evaluations');
  });

  it('finds before the first step what one of the selections lacks', async () => {
    await expect(compared('lacks', ['all', 'entropy'], 1)).rejects.toThrow('needs the entropy of the reference model');
    await expect(compared('lacks', ['all', 'random'], 1, {}, 'run.evaluateOn={}')).rejects.toThrow('must name a held-out corpus');
    await expect(compared('lacks', ['all', 'random'], 1, {}, 'objective.kind=causal')).rejects.toThrow('must be selective, got causal');
    await expect(compared('lacks', ['all', 'random'], 1, {}, 'selection.threshold=1')).rejects.toThrow('threshold does not go with score all');
    expect(existsSync(join(folder, 'lacks'))).toBe(false);
  });
});

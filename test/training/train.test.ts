import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import { score } from '../../src/scoring/score.js';
import { checkpointFolder, checkpointSteps } from '../../src/training/checkpoints.js';
import type { TrainOptions } from '../../src/training/options.js';
import { readMetrics } from '../../src/training/metrics/metrics-log.js';
import type { StepMetrics } from '../../src/training/metrics/step-metrics.js';
import { train, type StepTokens, type TrainHooks } from '../../src/training/train.js';
import { DEMO_MODEL, cleanDocuments, demoDocuments, demoOptions, writeJsonl } from '../scoring/demo-run.js';

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'touchstone-train-'));
  writeJsonl(join(folder, 'corpus.jsonl'), demoDocuments(120));
  writeJsonl(join(folder, 'clean.jsonl'), cleanDocuments(20));
  await score(demoOptions(join(folder, 'corpus.jsonl'), join(folder, 'scores'), 'output.stats=[entropy]'));
});

afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const INIT = { model_type: 'llama', vocab_size: 2048, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: 128, tie_word_embeddings: true };

function settings(out: string, ...set: readonly string[]): TrainOptions {
  return resolveTrainOptions({
    set: [
      `model.init=${JSON.stringify(INIT)}`, `tokenizer.path=${DEMO_MODEL}`, `data.scores=${join(folder, 'scores')}`, 'objective.kind=selective', 'data.length=64', 'batch.sequences=4',
      'optimizer.learningRate=0.005', 'run.steps=12', 'run.threads=2', 'run.evaluateEvery=6', `run.evaluateOn={clean: ${join(folder, 'clean.jsonl')}}`, 'run.checkpointEvery=5',
      `output.folder=${join(folder, out)}`, ...set,
    ],
    flags: {},
    cwd: folder,
  });
}

type Step = StepMetrics & StepTokens;

async function run(out: string, set: readonly string[] = [], hooks: TrainHooks = {}): Promise<{ steps: Step[]; evaluation: Readonly<Record<string, number>>; weights: Buffer }> {
  const steps: Step[] = [];
  const result = await train(settings(out, ...set), { ...hooks, onEvent: (event) => { if (event.kind === 'step' && event.metrics.step > 0) steps.push({ ...event.metrics, ...event.outcome }); hooks.onEvent?.(event); } });
  return { steps, evaluation: result.evaluation, weights: readFileSync(join(result.model, 'model.safetensors')) };
}

describe('training', () => {
  it('learns, keeps the asked share of the candidates, and prefers tokens of high excess loss', async () => {
    const { steps, evaluation } = await run('learns', ['run.steps=25', 'selection.keepFraction=0.6']);
    expect(steps).toHaveLength(25);
    expect(evaluation['clean']).toBeLessThan(6);
    expect(Math.log(2048) - steps.at(-1)!.loss).toBeGreaterThan(1);
    for (const { keptShare, meanExcessKept, meanExcessDropped } of steps) {
      expect(keptShare).toBeGreaterThan(0.55);
      expect(keptShare).toBeLessThanOrEqual(0.61);
      expect(meanExcessKept).toBeGreaterThan(meanExcessDropped);
    }
  });

  it('stopped and resumed gives the weights of an uninterrupted run, bit for bit', async () => {
    const whole = await run('whole');
    const controller = new AbortController();
    await expect(run('stopped', [], { signal: controller.signal, onEvent: (event) => { if (event.kind === 'step' && event.metrics.step === 7) controller.abort(new Error('enough')); } })).rejects.toThrow('enough');
    expect(readdirSync(join(folder, 'stopped/checkpoints')).sort()).toEqual(['00000005', '00000007']);
    const resumed = await run('stopped', [], { resume: true });
    expect(resumed.steps.map(({ step }) => step)).toEqual([8, 9, 10, 11, 12]);
    expect(resumed.steps.map(({ loss }) => loss)).toEqual(whole.steps.slice(7).map(({ loss }) => loss));
    expect(resumed.weights.equals(whole.weights)).toBe(true);
    expect(resumed.evaluation).toEqual(whole.evaluation);
    // The log of the resumed run tells the same story, but for the time it took.
    const story = async (out: string): Promise<unknown[]> => (await readMetrics(join(folder, out, 'metrics.jsonl'))).map((metrics) => ({ ...metrics, tokensPerSecond: 0, stepSeconds: 0 }));
    expect(await story('stopped')).toEqual(await story('whole'));
    expect(readFileSync(join(folder, 'stopped/curves.html'), 'utf8')).toContain('Evaluation loss');
  });

  it('warns of the first step whose selection keeps no token, counts such steps, and writes no model where all are', async () => {
    const warnings: string[] = [];
    const onEvent: TrainHooks['onEvent'] = (event) => { if (event.kind === 'warning') warnings.push(event.text); };
    // Warm-up steps keep every candidate.
    const some = await train(settings('some', 'run.steps=3', 'selection.threshold=1000', 'selection.warmupSteps=1'), { onEvent });
    expect(some.emptySteps).toBe(2);
    expect(some.evaluationBefore['clean']).toBeGreaterThan(7);
    expect(warnings).toEqual(['step 2: the selection (excess, threshold 1000, warmupSteps 1) kept no token: the step learns nothing']);
    await expect(train(settings('none', 'run.steps=2', 'selection.threshold=1000'), { onEvent })).rejects.toMatchObject({
      kind: 'data',
      message: `the selection (excess, threshold 1000) kept no token in any of the 2 steps of ${join(folder, 'none')}: nothing was learned, and no model is written`,
    });
    expect(readdirSync(join(folder, 'none'))).not.toContain('model');
    expect(warnings).toHaveLength(2);
    expect(readFileSync(join(folder, 'none/metrics.jsonl'), 'utf8')).toContain('"loss":"no token was kept"');
  });

  it('accumulates micro-batches into the step of the batch they add up to', async () => {
    const one = await run('one', ['selection.score=all', 'run.steps=3']);
    const four = await run('four', ['selection.score=all', 'run.steps=3', 'batch.sequences=1', 'batch.accumulation=4']);
    one.steps.forEach(({ loss, gradientNorm, trained }, at) => {
      expect(four.steps[at]!.trained).toBe(trained);
      expect(four.steps[at]!.loss).toBeCloseTo(loss, 4);
      expect(four.steps[at]!.gradientNorm).toBeCloseTo(gradientNorm, 4);
    });
  });

  it.each(['reference', 'entropy', 'intersection', 'random', 'all'])('selects by %s', async (name) => {
    const { steps } = await run(`by-${name}`, [`selection.score=${name}`, 'run.steps=2']);
    expect(steps.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    const share = steps[0]!.keptShare;
    expect(name === 'all' ? share : share / 0.6).toBeGreaterThan(0.9);
  });

  it('weighs tokens instead of dropping them with selection.reweight, the same for micro-batches as for their sum', async () => {
    const by = ['selection.reweight={temperature: 0.5}', 'selection.scope=sequence', 'run.steps=3', 'run.evaluateEvery=10'];
    const one = await run('weights', by);
    const two = await run('weights-accumulated', [...by, 'batch.sequences=2', 'batch.accumulation=2']);
    for (const [at, { keptShare, weightShare, loss, trained, gradientNorm }] of one.steps.entries()) {
      expect(keptShare).toBeCloseTo(0.6, 1);
      expect(weightShare).toBeGreaterThan(keptShare + 0.01);
      expect(weightShare).toBeLessThan(1);
      expect(two.steps[at]).toMatchObject({ trained });
      expect(two.steps[at]!.loss).toBeCloseTo(loss, 4);
      expect(two.steps[at]!.weightShare).toBeCloseTo(weightShare!, 5);
      expect(two.steps[at]!.gradientNorm).toBeCloseTo(gradientNorm, 4);
    }
    expect((await readMetrics(join(folder, 'weights/metrics.jsonl'))).at(-1)!.weightShare).toBe(one.steps[2]!.weightShare);
    expect((await run('masked', ['run.steps=1'])).steps[0]!.weightShare).toBeUndefined();
  });

  it('trains causally on a corpus, and its model is a reference model', async () => {
    const out = join(folder, 'causal');
    await run('causal', ['objective.kind=causal', 'data.scores=null', `data.corpus=${join(folder, 'clean.jsonl')}`]);
    const { manifest } = await score({ ...demoOptions(join(folder, 'clean.jsonl'), join(folder, 'rescored'), 'windows.contextLength=64'), model: { path: join(out, 'model'), precision: 'auto' } });
    expect(manifest.documents.scored).toBe(20);
    expect(manifest.totals.lossSum / manifest.totals.scored).toBeLessThan(Math.log(2048));
  });

  it('refuses a folder that holds a run', async () => {
    await run('taken', ['run.steps=1']);
    await expect(run('taken', ['run.steps=1'])).rejects.toMatchObject({ kind: 'mismatch', message: `${join(folder, 'taken')} holds a training run at step 1, expected an empty folder` });
  });

  it.each([
    ['learning rates', ['optimizer.learningRate=10', 'optimizer.clipNorm=1000000', 'optimizer.weightDecay=10'], /^step \d+: the (loss|norm of the gradient) must be finite, got (NaN|Infinity).*the batch holds document "demo-\d+" \(row \d+ of shards\/part-00000\.parquet\)/],
    ['micro-batches', ['optimizer.learningRate=10', 'optimizer.clipNorm=1000000', 'optimizer.weightDecay=10', 'batch.sequences=2', 'batch.accumulation=2'], /^step \d+, micro-batch [12] of 2: the /],
  ])('stops where a loss is not finite, naming step, batch and rows, and keeps the last checkpoint: %s', async (name, set, message) => {
    const out = `diverges by ${name}`;
    const fault: unknown = await run(out, ['run.steps=200', 'run.checkpointEvery=1', 'run.evaluateEvery=1000', ...set]).catch((error: unknown) => error);
    const steps = await checkpointSteps(join(folder, out));
    expect(fault).toMatchObject({
      kind: 'data',
      message: expect.stringMatching(message) as string,
      advice: expect.stringContaining(`The checkpoint of step ${steps.at(-1)!} is kept: begin anew from it (--model ${checkpointFolder(join(folder, out), steps.at(-1)!)}, another --out)`) as string,
    });
    const { steps: next } = await run(`${out} again`, [`model.path=${checkpointFolder(join(folder, out), 1)}`, 'model.init=null', 'run.steps=1']);
    expect(next).toHaveLength(1);
  });

  it('refuses a set scored with another tokenizer', async () => {
    const other = fileURLToPath(new URL('../fixtures/tokenizer/gpt2', import.meta.url));
    await expect(train(settings('foreign', `tokenizer.path=${other}`))).rejects.toThrow(/tokenizer must be the one the set was scored with/);
  });
});

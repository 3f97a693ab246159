import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import { score } from '../../src/scoring/score.js';
import { checkpointFolder, checkpointSteps } from '../../src/training/checkpoints.js';
import { readMetrics } from '../../src/training/metrics/metrics-log.js';
import { groupEnd } from '../../src/training/step-group.js';
import { train, type TrainHooks } from '../../src/training/train.js';
import { cleanDocuments, DEMO_MODEL, demoDocuments, demoOptions, writeJsonl } from '../scoring/demo-run.js';

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);
const LLAMA = { model_type: 'llama', vocab_size: 2048, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: 64, tie_word_embeddings: true };
const GPT2 = { model_type: 'gpt2', vocab_size: 2048, n_embd: 16, n_layer: 1, n_head: 2, n_positions: 64 };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'touchstone-step-group-'));
  writeJsonl(at('corpus.jsonl'), demoDocuments(60));
  writeJsonl(at('clean.jsonl'), cleanDocuments(10));
  await score(demoOptions(at('corpus.jsonl'), at('scores')));
});

afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

/** Trains 9 steps, evaluated after each 6th and kept after each 5th. */
async function run(out: string, set: readonly string[], hooks: TrainHooks = {}): Promise<void> {
  const options = resolveTrainOptions({
    set: [
      `model.init=${JSON.stringify(LLAMA)}`, `tokenizer.path=${DEMO_MODEL}`, `data.scores=${at('scores')}`, 'objective.kind=selective', 'data.length=32', 'batch.sequences=3', 'optimizer.learningRate=0.005',
      'run.steps=9', 'run.threads=1', 'run.evaluateEvery=6', `run.evaluateOn={clean: ${at('clean.jsonl')}}`, 'run.checkpointEvery=5', `output.folder=${at(out)}`, ...set,
    ],
    flags: {},
    cwd: folder,
  });
  await train(options, hooks);
}

/** Everything a run told and left, but for the time it took. */
async function story(out: string): Promise<unknown> {
  const metrics = (await readMetrics(at(out, 'metrics.jsonl'))).map((step) => ({ ...step, tokensPerSecond: 0, stepSeconds: 0 }));
  const files = (await checkpointSteps(at(out))).map((step) => [step, ...['model.safetensors', 'optimizer.safetensors'].map((name) => readFileSync(join(checkpointFolder(at(out), step), name)).toString('base64'))]);
  return { metrics, files };
}

const CAUSAL = ['objective.kind=causal', 'data.scores=null'];

describe('steps that the runtime takes in one call', () => {
  it('end at the last step, and where an evaluation or a checkpoint is due', () => {
    const ends = (most: number, run: Parameters<typeof groupEnd>[2]): number[] => {
      const found: number[] = [];
      for (let done = 0; done < run.steps; done = found.at(-1)!) found.push(groupEnd(done, most, run));
      return found;
    };
    const every = (steps: number, evaluateEvery: number, checkpointEvery: number): Parameters<typeof groupEnd>[2] => ({ steps, evaluateEvery, checkpointEvery }) as never;
    expect(ends(4, every(9, 6, 5))).toEqual([4, 5, 6, 9]);
    expect(ends(4, every(10, 100, 100))).toEqual([4, 8, 10]);
    expect(ends(16, every(3, 1, 100))).toEqual([1, 2, 3]);
    expect(ends(1, every(3, 100, 100))).toEqual([1, 2, 3]);
  });

  it.each([
    ['selective, on two threads', ['run.threads=2']],
    ['selective by sequence, GPT-2', ['selection.scope=sequence', `model.init=${JSON.stringify(GPT2)}`]],
    ['random over all tokens at first', ['selection.score=random', 'selection.warmupSteps=2', 'selection.denominator=all']],
    ['weighted, in micro-batches', ['selection.reweight={temperature: 0.5}', 'batch.sequences=1', 'batch.accumulation=3']],
    ['causal, with rows of other numbers in each batch', [...CAUSAL, 'data.corpus=clean.jsonl']],
    ['causal, in micro-batches', [...CAUSAL, 'data.corpus=clean.jsonl', 'batch.accumulation=2']],
  ])('give the weights, moments, metrics and evaluations of single ones, bit for bit: %s', async (name, set) => {
    await run(`single ${name}`, set);
    await run(`grouped ${name}`, [...set, 'run.stepsPerTransfer=4']);
    const expected = await story(`single ${name}`);
    expect((expected as { files: unknown[] }).files).toHaveLength(2);
    expect(await story(`grouped ${name}`)).toEqual(expected);
  });

  it('are finished when a run is interrupted, and a run resumed with other groups ends in the same weights', async () => {
    await run('whole', []);
    const controller = new AbortController();
    const stopping: TrainHooks = { signal: controller.signal, onEvent: (event) => { if (event.kind === 'step' && event.metrics.step === 7) controller.abort(new Error('enough')); } };
    await expect(run('stopped', ['run.stepsPerTransfer=2', 'run.evaluateEvery=100'], stopping)).rejects.toThrow('enough');
    expect(await checkpointSteps(at('stopped'))).toEqual([5, 7]);
    const later = new AbortController();
    const once: TrainHooks = { resume: true, signal: later.signal, onEvent: (event) => { if (event.kind === 'step') later.abort(new Error('enough again')); } };
    rmSync(checkpointFolder(at('stopped'), 7), { recursive: true });
    await expect(run('stopped', ['run.stepsPerTransfer=3', 'run.evaluateEvery=100'], once)).rejects.toThrow('enough again');
    expect(await checkpointSteps(at('stopped'))).toEqual([5, 8]);
    await run('stopped', ['run.stepsPerTransfer=16'], { resume: true });
    const weights = (out: string): Buffer => readFileSync(at(out, 'model/model.safetensors'));
    expect(weights('stopped').equals(weights('whole'))).toBe(true);
  });

  it('name the step and the rows where a loss is not finite, tell of the steps before it, and keep the last checkpoint', async () => {
    const wild = ['optimizer.learningRate=10', 'optimizer.clipNorm=1000000', 'optimizer.weightDecay=10', 'run.steps=60', 'run.checkpointEvery=1000', 'run.evaluateEvery=1000'];
    const failure = async (out: string, set: readonly string[]): Promise<{ readonly message: string; readonly advice: string }> => await run(out, [...wild, ...set]).then(() => Promise.reject(new Error('it did not diverge')), (error: unknown) => error as never);
    const single = await failure('diverges singly', []);
    const grouped = await failure('diverges in a group', ['run.stepsPerTransfer=60']);
    expect(grouped.message).toBe(single.message);
    expect(grouped.message).toMatch(/^step (\d\d?): the (loss|norm of the gradient) must be finite, got (NaN|Infinity).*the batch holds document "demo-\d+"/);
    expect(grouped.advice).toMatch(/^No checkpoint was written yet/);
    expect(await story('diverges in a group')).toEqual(await story('diverges singly'));
    const kept = await failure('diverges after a checkpoint', ['run.stepsPerTransfer=60', 'run.checkpointEvery=2']);
    expect(kept.message).toBe(single.message);
    const last = (await checkpointSteps(at('diverges after a checkpoint'))).at(-1)!;
    expect(kept.advice).toContain(`The checkpoint of step ${last} is kept`);
  });
});

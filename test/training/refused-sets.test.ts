import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import { manifestPath, shardName, shardPath, successPath } from '../../src/run/layout.js';
import { readManifest } from '../../src/run/manifest.js';
import { score } from '../../src/scoring/score.js';
import { train, type TrainEvent } from '../../src/training/train.js';
import { DEMO_MODEL, allRows, demoDocuments, demoOptions, writeJsonl } from '../scoring/demo-run.js';
import { createRandom } from '../../src/math/random.js';
import { openScoreSetRows } from '../../src/training/data/score-set-rows.js';
import { alignmentByCounts } from '../../src/training/data/counted-alignment.js';
import { rewriteLosses, shiftedBy } from './shifted-run.js';

let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'touchstone-refused-'));
  writeJsonl(at('corpus.jsonl'), demoDocuments(150));
  await score(demoOptions(at('corpus.jsonl'), at('scores'), 'corpus.unitBytes=40000', 'windows.contextLength=128'));
});

afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

const INIT = { model_type: 'llama', vocab_size: 2048, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 128, tie_word_embeddings: true };
const FROM_SCRATCH = [`model.init=${JSON.stringify(INIT)}`, `tokenizer.path=${DEMO_MODEL}`, 'optimizer.learningRate=0.01'];
const FROM_CHECKPOINT = [`model.path=${DEMO_MODEL}`, 'optimizer.learningRate=0.0001'];

/** Trains on a set and returns the steps that were done, the last of them and all. */
async function steps(scores: string, out: string, ...set: readonly string[]): Promise<{ readonly done: number; readonly fault: unknown }> {
  let done = 0;
  const onEvent = (event: TrainEvent): void => { if (event.kind === 'step') done = event.metrics.step; };
  const options = resolveTrainOptions({
    set: ['objective.kind=selective', 'data.length=127', 'batch.sequences=8', 'run.steps=16', 'run.threads=2', 'run.checkpointEvery=1000', ...set],
    flags: { scores: at(scores), out: at(out) },
    cwd: folder,
  });
  const fault: unknown = await train(options, { onEvent }).then(() => undefined, (error: unknown) => error);
  return { done, fault };
}

describe('a score set whose losses stand at other tokens', () => {
  it.each([
    ['one token early', -1, 'from a checkpoint', FROM_CHECKPOINT],
    ['one token late', 1, 'from a checkpoint', FROM_CHECKPOINT],
    ['one token early', -1, 'from scratch', FROM_SCRATCH],
    ['one token late', 1, 'from scratch', FROM_SCRATCH],
  ] as const)('%s is refused by name (%i token) before the first step, in training %s, were it of one step only', async (_, shift, from, start) => {
    const [run, out] = [`shifted${shift}-${from}`, `out${shift}-${from}`];
    await rewriteLosses(at('scores'), at(run), shiftedBy(shift));
    const { done, fault } = await steps(run, out, ...start, 'run.steps=1');
    expect(fault).toMatchObject({
      kind: 'data',
      message: expect.stringMatching(new RegExp(`, compared with how often tokens occur: the reference losses of the score set stand 1 token ${shift > 0 ? 'late' : 'early'} \\(`)) as string,
    });
    expect(done).toBe(0);
    expect(existsSync(at(out))).toBe(false);
  });

  it('dealt out anew in each document are refused as soon as a model that knows the text has read enough', async () => {
    const random = createRandom('deal');
    await rewriteLosses(at('scores'), at('dealt'), (losses) => Float32Array.from(random.shuffled([...losses])));
    const { done, fault } = await steps('dealt', 'out-dealt', ...FROM_CHECKPOINT, 'run.alignmentEvery=8');
    expect(fault).toMatchObject({ kind: 'data', message: expect.stringMatching(/^step 8: the reference losses of the score set have nothing to do with the live losses \(/) as string });
    expect(done).toBe(7);
    expect(existsSync(join(at('out-dealt'), 'model'))).toBe(false);
  });

  it('is nothing else: written anew without the shift, the same set is the same and trains to the end', async () => {
    await rewriteLosses(at('scores'), at('unshifted'), shiftedBy(0));
    expect((await readManifest(at('unshifted'))).shards.map(({ sha256 }) => sha256)).toEqual((await readManifest(at('scores'))).shards.map(({ sha256 }) => sha256));
    expect((await allRows(at('unshifted'))).length).toBe(150);
    expect(await steps('unshifted', 'out-unshifted', ...FROM_SCRATCH)).toEqual({ done: 16, fault: undefined });
    expect(await steps('unshifted', 'out-unshifted-checkpoint', ...FROM_CHECKPOINT, 'run.steps=4')).toEqual({ done: 4, fault: undefined });
  });
});

describe('a good score set', () => {
  it.each(['0', '1', '2', '3', '4'])('is heard to be aligned before the first step, whatever the seed (%s) puts first', async (seed) => {
    const source = await openScoreSetRows(at('scores'), { seed, losses: true, entropy: false, vocabSize: 2048, windowTokens: 8000 });
    expect(await alignmentByCounts(source)).toMatchObject({ verdict: 'aligned', shift: 0 });
  });

  it.each(['0', '1', '2'])('is never refused while a model from scratch (seed %s) learns what tokens there are', async (seed) => {
    expect(await steps('scores', `out-seed-${seed}`, ...FROM_SCRATCH, `model.seed=${seed}`, 'run.steps=12', 'run.alignmentEvery=1', 'batch.sequences=2')).toEqual({ done: 12, fault: undefined });
  });
});

describe('a score set that is not whole', () => {
  it.each([
    ['without a manifest', [manifestPath, successPath], /is not a finished run: it has no manifest\.json/],
    ['without _SUCCESS', [successPath], /is not a finished run: it has manifest\.json and no _SUCCESS/],
    ['without one of its shards', [(run: string) => shardPath(run, 1)], new RegExp(shardName(1))],
  ] as const)('%s is refused before anything is written', async (what, missing, message) => {
    const [run, out] = [`incomplete ${what}`, `out ${what}`];
    cpSync(at('scores'), at(run), { recursive: true });
    for (const path of missing) rmSync(path(at(run)));
    const { done, fault } = await steps(run, out, ...FROM_SCRATCH);
    expect(fault).toMatchObject({ message: expect.stringMatching(message) as string });
    expect(done).toBe(0);
    expect(existsSync(at(out))).toBe(false);
  });
});

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
import { writeShiftedRun } from './shifted-run.js';

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
  ] as const)('%s is refused by name (%i token), in training %s', async (_, shift, from, start) => {
    const [run, out] = [`shifted${shift}-${from}`, `out${shift}-${from}`];
    await writeShiftedRun(at('scores'), at(run), shift);
    const { done, fault } = await steps(run, out, ...start);
    expect(fault).toMatchObject({
      kind: 'data',
      message: expect.stringMatching(new RegExp(`^step \\d+: the reference losses of the score set stand 1 token ${shift > 0 ? 'late' : 'early'} \\(`)) as string,
    });
    expect(done).toBeLessThan(from === 'from scratch' ? 16 : 4); // A model from scratch has to learn something first.
    expect(existsSync(join(at(out), 'model'))).toBe(false);
  });

  it('is nothing else: written anew without the shift, the same set is the same and trains to the end', async () => {
    await writeShiftedRun(at('scores'), at('unshifted'), 0);
    expect((await readManifest(at('unshifted'))).shards.map(({ sha256 }) => sha256)).toEqual((await readManifest(at('scores'))).shards.map(({ sha256 }) => sha256));
    expect((await allRows(at('unshifted'))).length).toBe(150);
    expect(await steps('unshifted', 'out-unshifted', ...FROM_SCRATCH)).toEqual({ done: 16, fault: undefined });
    expect(await steps('unshifted', 'out-unshifted-checkpoint', ...FROM_CHECKPOINT, 'run.steps=4')).toEqual({ done: 4, fault: undefined });
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

import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import { checkpointFolder, checkpointSteps } from '../../src/training/checkpoints.js';
import { readMetrics } from '../../src/training/metrics/metrics-log.js';
import { holdsTraining } from '../../src/training/resume.js';
import { train, type TrainEvent } from '../../src/training/train.js';
import { DEMO_MODEL, cleanDocuments, writeJsonl } from '../scoring/demo-run.js';

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);
const INIT = { model_type: 'llama', vocab_size: 2048, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 64, tie_word_embeddings: true };

interface Ran {
  readonly notes: readonly string[];
  readonly firstStep: number | undefined;
  readonly fault: unknown;
}

async function run(out: string, resume: boolean, ...set: readonly string[]): Promise<Ran> {
  const notes: string[] = [];
  let firstStep: number | undefined;
  const onEvent = (event: TrainEvent): void => {
    if (event.kind === 'note') notes.push(event.text);
    if (event.kind === 'step' && event.metrics.step > 0) firstStep ??= event.metrics.step;
  };
  const options = resolveTrainOptions({
    set: [
      'objective.kind=causal', `model.init=${JSON.stringify(INIT)}`, `tokenizer.path=${DEMO_MODEL}`, `data.corpus=${at('corpus.jsonl')}`, 'data.length=32', 'batch.sequences=2',
      'optimizer.learningRate=0.003', 'run.steps=6', 'run.checkpointEvery=2', 'run.threads=1', `output.folder=${at(out)}`, ...set,
    ],
    flags: {},
    cwd: folder,
  });
  const fault: unknown = await train(options, { resume, onEvent }).then(() => undefined, (error: unknown) => error);
  return { notes, firstStep, fault };
}

const weights = (out: string): Buffer => readFileSync(at(out, 'model/model.safetensors'));

/** The whole run, as it stood after 4 of its 6 steps. */
function interrupted(out: string): void {
  cpSync(at('whole'), at(out), { recursive: true });
  rmSync(at(out, 'model'), { recursive: true });
  rmSync(checkpointFolder(at(out), 6), { recursive: true });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'touchstone-resume-'));
  writeJsonl(at('corpus.jsonl'), cleanDocuments(20));
  writeJsonl(at('other.jsonl'), cleanDocuments(19));
  expect((await run('whole', false)).fault).toBeUndefined();
});

afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

describe('a run that is resumed with other settings', () => {
  it.each([
    ['optimizer.learningRate was 0.003 in the run of FOLDER and is 0.1 in this command', ['optimizer.learningRate=0.1']],
    ['batch.sequences was 2 in the run of FOLDER and is 3 in this command', ['batch.sequences=3']],
    ['data.length was 32 in the run of FOLDER and is 31 in this command', ['data.length=31']],
    ['data.seed was "0" in the run of FOLDER and is "1" in this command', ['data.seed=1']],
    ['model.init.hidden_size was 16 in the run of FOLDER and is 32 in this command', [`model.init=${JSON.stringify({ ...INIT, hidden_size: 32 })}`]],
    ['model.init.num_key_value_heads was not there in the run of FOLDER and is 1 in this command', [`model.init=${JSON.stringify({ ...INIT, num_key_value_heads: 1 })}`]],
    ['model.seed was "0" in the run of FOLDER and is "7" in this command', ['model.seed=7']],
    ['data.bos was "token 0" in the run of FOLDER and is "none" in this command', ['data.bos=none']],
    ['run.steps must be at least 4, the steps that the run of FOLDER has done, got 3', ['run.steps=3']],
  ])('is refused with the first difference: %s', async (message, set) => {
    const out = `other ${set[0]!.slice(0, 20)}${message.length}`;
    interrupted(out);
    const { fault } = await run(out, true, ...set);
    expect(fault).toMatchObject({ kind: 'mismatch', message: message.replace('FOLDER', at(out)) });
    expect((fault as { advice: string }).advice.length).toBeGreaterThan(20);
    expect(existsSync(at(out, 'model'))).toBe(false);
    expect(await checkpointSteps(at(out))).toEqual([2, 4]);
  });

  it('is refused for another corpus and for other weights to start from', async () => {
    interrupted('other input');
    expect((await run('other input', true, `data.corpus=${at('other.jsonl')}`)).fault).toMatchObject({ kind: 'mismatch', message: expect.stringMatching(/^data\.corpus was "rows with sha256 [0-9a-f]{64}" in the run/) as string });
    expect((await run('other input', true, `model.path=${DEMO_MODEL}`, 'model.init=null')).fault).toMatchObject({ kind: 'mismatch', message: expect.stringContaining('model.init.') as string });
  });

  it('may have other threads, evaluations and checkpoints, and ends in the same weights', async () => {
    interrupted('free');
    const { fault, firstStep, notes } = await run('free', true, 'run.threads=2', 'run.evaluateEvery=1', 'run.checkpointEvery=1', 'run.alignmentEvery=2', `run.evaluateOn={clean: ${at('other.jsonl')}}`);
    expect({ fault, firstStep, notes }).toEqual({ fault: undefined, firstStep: 5, notes: ['run.evaluateOn.clean is new: its losses begin at the step the run goes on from'] });
    expect(weights('free').equals(weights('whole'))).toBe(true);
    expect(await checkpointSteps(at('free'))).toEqual([2, 4, 5, 6]);
  });
});

describe('more steps', () => {
  it('are trained after the end of a run, say that the schedule changes, and replace the model', async () => {
    cpSync(at('whole'), at('longer'), { recursive: true });
    const { fault, firstStep, notes } = await run('longer', true, 'run.steps=8');
    expect({ fault, firstStep }).toEqual({ fault: undefined, firstStep: 7 });
    expect(notes).toEqual(['run.steps was 6 and is 8: from step 7 on the learning rate follows the schedule of 8 steps.']);
    expect(weights('longer').equals(weights('whole'))).toBe(false);
    expect((await readMetrics(at('longer/metrics.jsonl'))).map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(readdirSync(at('longer')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('of a constant learning rate are those of a run that was as long from the start', async () => {
    const constant = ['optimizer.schedule=constant', 'run.checkpointEvery=10'];
    await run('short', false, ...constant, 'run.steps=3');
    expect((await run('short', true, ...constant, 'run.steps=5')).firstStep).toBe(4);
    await run('long', false, ...constant, 'run.steps=5');
    expect(weights('short').equals(weights('long'))).toBe(true);
  });
});

describe('a run that is finished', () => {
  it('trains no step when it is resumed, and writes the same model, or that of another dtype', async () => {
    cpSync(at('whole'), at('finished'), { recursive: true });
    const finished = `the run of ${at('finished')} is finished: all of its 6 steps are done. Raise run.steps to train on.`;
    expect(await run('finished', true)).toEqual({ notes: [finished], firstStep: undefined, fault: undefined });
    expect(weights('finished').equals(weights('whole'))).toBe(true);
    expect((await run('finished', true, 'output.dtype=BF16')).fault).toBeUndefined();
    expect(weights('finished').length).toBeLessThan(0.6 * weights('whole').length);
    expect(JSON.parse(readFileSync(at('finished/model/config.json'), 'utf8'))).toMatchObject({ torch_dtype: 'bfloat16' });
  });
});

describe('a folder without a run', () => {
  it('is begun in, which a command line can ask for beforehand', async () => {
    expect(await holdsTraining(at('nothing'))).toBe(false);
    expect((await run('nothing', true)).firstStep).toBe(1);
    expect(await holdsTraining(at('nothing'))).toBe(true);
    expect(weights('nothing').equals(weights('whole'))).toBe(true);
  });
});

describe('a checkpoint that is damaged', () => {
  const flip = (path: string): void => {
    const bytes = readFileSync(path);
    const middle = bytes.length >> 1;
    bytes[middle] = bytes[middle]! ^ 1;
    writeFileSync(path, bytes);
  };

  it.each([
    ['a flipped bit in its weights', 'model.safetensors must have sha256', (path: string) => { flip(join(path, 'model.safetensors')); }],
    ['a flipped bit in its moments', 'optimizer.safetensors must have sha256', (path: string) => { flip(join(path, 'optimizer.safetensors')); }],
    ['a flipped bit in its position', 'position.json cannot be read: its checksum is', (path: string) => { flip(join(path, 'position.json')); }],
    ['weights that are cut short', 'model.safetensors must have', (path: string) => { truncateSync(join(path, 'model.safetensors'), 1000); }],
    ['no tokenizer.json', 'tokenizer.json is missing', (path: string) => { rmSync(join(path, 'tokenizer.json')); }],
    ['an empty position', 'position.json cannot be read: the file is empty', (path: string) => { truncateSync(join(path, 'position.json')); }],
  ])('by %s is named and kept aside, and the run goes on from the one before to the same weights', async (what, problem, damage) => {
    const out = `damaged ${what}`;
    interrupted(out);
    damage(checkpointFolder(at(out), 4));
    const { notes, firstStep, fault } = await run(out, true);
    expect({ fault, firstStep }).toEqual({ fault: undefined, firstStep: 3 });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toContain(`checkpoint ${checkpointFolder(at(out), 4)} is damaged and passed over: ${problem}`);
    expect(weights(out).equals(weights('whole'))).toBe(true);
    expect(await checkpointSteps(at(out))).toEqual([2, 4, 6]);
    expect(readdirSync(at(out, 'checkpoints')).filter((name) => name.startsWith('damaged-00000004-'))).toHaveLength(1);
  });

  it('and the only one is an error that says what to do, and nothing is touched', async () => {
    interrupted('lost');
    rmSync(checkpointFolder(at('lost'), 2), { recursive: true });
    flip(join(checkpointFolder(at('lost'), 4), 'model.safetensors'));
    const { fault } = await run('lost', true);
    expect(fault).toMatchObject({ kind: 'io', message: expect.stringMatching(/^none of the 1 checkpoints of .* is whole; checkpoint .*00000004 is damaged .*model\.safetensors must have sha256/) as string, advice: expect.stringContaining('begin anew') as string });
    expect(readdirSync(at('lost/checkpoints'))).toEqual(['00000004']);
  });

  it('for it was never finished does not exist, and is overwritten', async () => {
    interrupted('torn');
    const torn = checkpointFolder(at('torn'), 5);
    mkdirSync(torn);
    writeFileSync(join(torn, 'model.safetensors'), 'not whole');
    const { fault, firstStep, notes } = await run('torn', true, 'run.checkpointEvery=5');
    expect({ fault, firstStep, notes }).toEqual({ fault: undefined, firstStep: 5, notes: [] });
    expect(statSync(join(torn, 'model.safetensors')).size).toBeGreaterThan(1000);
    expect(weights('torn').equals(weights('whole'))).toBe(true);
  });
});

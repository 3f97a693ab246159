import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TouchstoneError } from '../../src/errors.js';
import { flagHelp } from '../../src/config/flag-help.js';
import { resolveScoreOptions } from '../../src/config/parse-score-options.js';
import { scoreFlags } from '../../src/config/score-flags.js';
import { scoreSettings } from '../../src/config/score-settings.js';
import { trainFlags } from '../../src/config/train-flags.js';
import { resolveTrainOptions, trainSettings } from '../../src/config/train-settings.js';

const NEEDED = ['objective.kind=selective', 'model.path=base', 'data.scores=scores', 'data.length=64', 'batch.sequences=2', 'optimizer.learningRate=0.001', 'run.steps=10', 'output.folder=out'];

const options = (...set: readonly string[]) => resolveTrainOptions({ set: [...NEEDED, ...set], flags: {}, cwd: '/work' });

function fault(set: readonly string[], flags: Readonly<Record<string, unknown>> = {}, pipelinePath?: string): TouchstoneError {
  try {
    resolveTrainOptions({ set, flags, cwd: '/work', pipelinePath });
  } catch (error) {
    if (error instanceof TouchstoneError) return error;
    throw error;
  }
  throw new Error('expected a refusal');
}

function yamlFile(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-config-'));
  onTestFinished(() => { rmSync(folder, { recursive: true }); });
  writeFileSync(join(folder, 'run.yaml'), text);
  return join(folder, 'run.yaml');
}

describe('the settings of train', () => {
  it('have these defaults', () => {
    expect(options()).toEqual({
      objective: { kind: 'selective' },
      model: { path: '/work/base', init: null, seed: '0' },
      tokenizer: { path: null },
      data: { scores: '/work/scores', corpus: null, textField: ['text'], length: 64, bos: 'auto', seed: '0', windowTokens: 4_194_304, verify: true },
      batch: { sequences: 2, accumulation: 1 },
      optimizer: { learningRate: 0.001, minLearningRate: 0, schedule: 'cosine', warmupSteps: 0, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 },
      selection: { seed: 0 },
      run: { steps: 10, threads: 'auto', device: { kind: 'cpu' }, stepsPerTransfer: 'auto', evaluateEvery: 100, evaluateOn: {}, alignmentEvery: 4, checkpointEvery: 500 },
      output: { folder: '/work/out', dtype: 'F32' },
    });
  });

  it.each([
    ['objective.kind=plain', 'objective.kind must be one of selective, causal, got "plain"'],
    ['model.path=5', 'model.path must be a checkpoint folder, or null, got 5'],
    ['model.init=llama', 'model.init must be keys of a config.json, or null, got "llama"'],
    ['model.seed=null', 'model.seed must be a text or a number, got null'],
    ['data.corpus=[]', 'data.corpus must be a file, folder or glob, or a list of them, got []'],
    ['data.length=1', 'data.length must be a whole number from 2 to 1048576, got 1'],
    ['data.bos=eos', 'data.bos must be one of none, bos, eos-as-bos, auto, got "eos"'],
    ['run.device=gpu', 'run.device must be cpu, cuda, cuda with device numbers such as cuda:0,1, or auto, got "gpu"'],
    ['run.device=cuda:0,1', 'run.device must be one device: a run is trained by one process on one device, got "cuda:0,1"'],
    ['run.stepsPerTransfer=0', 'run.stepsPerTransfer must be a whole number from 1 to 1024, or auto, got 0'],
    ['data.verify=1', 'data.verify must be true or false, got 1'],
    ['batch.accumulation=0', 'batch.accumulation must be a whole number from 1 to 65536, got 0'],
    ['optimizer.learningRate=high', 'optimizer.learningRate must be a number from 0 to 10, got "high"'],
    ['optimizer.beta2=1', 'optimizer.beta2 must be a number from 0 to below 1, got 1'],
    ['optimizer.schedule=step', 'optimizer.schedule must be one of cosine, linear, constant, got "step"'],
    ['selection.score=loss', 'selection.score must be one of excess, reference, entropy, intersection, random, all, got "loss"'],
    ['selection.keepFraction=60', 'selection.keepFraction must be a share above 0 and at most 1, got 60'],
    ['selection.reweight=0.5', 'selection.reweight must hold a temperature in nats above 0, such as {temperature: 0.5}, got 0.5'],
    ['selection.reweight={temp: 1}', 'selection.reweight must hold a temperature in nats above 0, such as {temperature: 0.5}, got {"temp":1}'],
    ['run.steps=0', 'run.steps must be a whole number of at least 1, got 0'],
    ['run.evaluateOn=heldout.jsonl', 'run.evaluateOn must hold score sets or corpora by name, got "/work/heldout.jsonl"'],
    ['run.alignmentEvery=0', 'run.alignmentEvery must be a whole number of at least 1, got 0'],
    ['output.dtype=F64', 'output.dtype must be one of F32, F16, BF16, got "F64"'],
  ])('refuse --set %s', (set, message) => {
    const { kind, message: found } = fault([...NEEDED, set]);
    expect({ kind, found }).toEqual({ kind: 'usage', found: `--set ${set}: ${message}` });
  });

  it.each([
    [['model.init={}'], '--set model.path=base: model.path must be given, or model.init, and not both, got "/work/base"'],
    [['model.path=null'], /model\.path must be given, or model\.init, and not both/],
    [['data.corpus=a.jsonl'], /data\.scores must be given, or data\.corpus, and not both/],
    [['data.scores=null', 'data.corpus=a.jsonl'], /data\.scores must be given for the selective objective/],
    [['model.path=null', 'model.init={}'], /tokenizer\.path must be given where the model is made from model\.init/],
    [['selection.keepFraction=0.5', 'selection.threshold=1'], 'selection takes keepFraction or threshold, got both (0.5 and 1)'],
    [['selection.score=random', 'selection.reweight={temperature: 1}'], 'selection.reweight does not go with score random, only with excess, reference and entropy'],
  ])('refuse what contradicts itself: %j', (set, message) => {
    const found = fault([...NEEDED, ...set]).message;
    if (typeof message === 'string') expect(found).toContain(message);
    else expect(found).toMatch(message);
  });

  it('name what is missing with the flag that gives it', () => {
    const { message } = fault([]);
    expect(message).toMatch(/^\d settings are wrong:/);
    expect(message).toContain('no objective is given: pass --objective <kind> or set objective.kind in the YAML file');
    expect(message).toContain('no number of steps is given: pass --steps <count> or set run.steps in the YAML file');
  });
});

describe('null', () => {
  it('takes back a key that may be left out, so that another can stand in its place', () => {
    const path = yamlFile('selection:\n  score: excess\n  keepFraction: 0.6\n  reweight: {temperature: 1}\n');
    const selectionOf = (...set: readonly string[]): unknown => resolveTrainOptions({ pipelinePath: path, cwd: '/work', flags: {}, set: [...NEEDED, ...set] }).selection;
    expect(selectionOf('selection.keepFraction=null', 'selection.threshold=1', 'selection.reweight=null')).toEqual({ score: 'excess', threshold: 1, seed: 0 });
    expect(() => selectionOf('selection.threshold=1')).toThrow('selection takes keepFraction or threshold, got both (0.6 and 1)');
  });
});

describe('a key of a key', () => {
  it('is put into what the YAML file says, by --set', () => {
    const path = yamlFile('model:\n  path: null\n  init: {model_type: llama, hidden_size: 128}\n  seed: 3\n');
    const { model, selection, run } = resolveTrainOptions({
      pipelinePath: path, cwd: '/work', flags: {},
      set: [...NEEDED.filter((one) => !one.startsWith('model.')), 'tokenizer.path=tok', 'model.init.hidden_size=64', 'model.init.rope_scaling.factor=2', 'selection.reweight.temperature=0.5', 'run.evaluateOn.heldout=h.jsonl', 'run.evaluateOn.other=o.jsonl'],
    });
    expect(model).toEqual({ path: null, seed: '3', init: { model_type: 'llama', hidden_size: 64, rope_scaling: { factor: 2 } } });
    expect(selection.reweight).toEqual({ temperature: 0.5 });
    expect(run.evaluateOn).toEqual({ heldout: '/work/h.jsonl', other: '/work/o.jsonl' });
  });

  it.each([
    ['run.steps.more=5', 'run.steps holds one value and has no key more, expected run.steps=value; keys of their own have model.init, selection.reweight, run.evaluateOn'],
    ['model.init.=5', 'expected room.key=value, such as windows.stride=256'],
    ['modle.init.hidden_size=5', 'modle is not a setting (did you mean model?); settings stand under objective, model, tokenizer, data, batch, optimizer, selection, run, output'],
  ])('is refused where there can be none: %s', (set, message) => {
    expect(fault([...NEEDED, set]).message).toBe(`--set ${set}: ${message}`);
  });
});

describe('a YAML file that cannot be read', () => {
  it.each([
    ['objective: {kind: selective\nmodel:\n  path: a\n', 2],
    ['run:\n\tsteps: 5\n', 2],
    ['run:\n  steps: 5\n  steps: 6\n', 3],
    ['run: {steps: 5}\n---\nrun: {steps: 6}\n', 2],
  ])('is one problem, at its line, and nothing that only follows from it: %j', (text, line) => {
    const path = yamlFile(text);
    const { message } = fault([], {}, path);
    expect(message.startsWith(`${path}:${line}: `)).toBe(true);
    expect(message).not.toMatch(/\n|parseAllDocuments|is given/);
  });

  it('says so in words for people', () => {
    const path = yamlFile('a: 1\n---\nb: 2\n');
    expect(fault([], {}, path).message).toBe(`${path}:2: the file holds more than one document, expected no further line of ---`);
    expect(fault([...NEEDED, 'run.steps=[1, 2\n---\n3'], {}).message).not.toContain('parseAllDocuments');
  });
});

describe('the help', () => {
  it('tells what is required, what is optional, and the default, and never says null', () => {
    const lines = new Map([...trainFlags.map((flag) => [flag.flag, flagHelp(trainSettings, flag)] as const)]);
    expect(lines.get('--objective')).toContain('[objective.kind, required]');
    expect(lines.get('--model')).toContain('[model.path, optional]');
    expect(lines.get('--keep-fraction')).toBe('share of the candidates that is trained on; without it 0.6 [selection.keepFraction, optional]');
    expect(lines.get('--accumulation')).toContain('[batch.accumulation, default 1]');
    for (const text of [...lines.values(), ...scoreFlags.map((flag) => flagHelp(scoreSettings, flag))]) expect(text).not.toMatch(/null|undefined/);
  });

  it('lets --stats all stand for every column', () => {
    const { output } = resolveScoreOptions({ set: [], flags: { corpus: ['a'], model: 'm', out: 'o', stats: 'all' }, cwd: '/work' });
    expect(output.stats).toEqual({ entropy: true, top1: true, bytes: true });
  });
});

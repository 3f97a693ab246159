import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import type { TrainOptions } from '../../src/training/options.js';
import { readRunRecord } from '../../src/training/run-record.js';
import { train } from '../../src/training/train.js';
import { writtenOptions } from '../../src/training/written-options.js';
import { DEMO_MODEL, cleanDocuments, writeJsonl } from '../scoring/demo-run.js';

let folder: string;
const at = (...names: readonly string[]): string => join(folder, ...names);
const INIT = { model_type: 'llama', vocab_size: 2048, hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, max_position_embeddings: 64, tie_word_embeddings: true };

function options(out: string, ...set: readonly string[]): TrainOptions {
  return resolveTrainOptions({
    set: [
      'objective.kind=causal', `model.init=${JSON.stringify(INIT)}`, `tokenizer.path=${DEMO_MODEL}`, `data.corpus=${at('corpus.jsonl')}`, 'data.length=32', 'batch.sequences=2',
      'optimizer.learningRate=0.003', 'run.steps=2', 'run.threads=1', `output.folder=${at(out)}`, `run.evaluateOn={test: ${at('test.jsonl')}}`, ...set,
    ],
    flags: {},
    cwd: folder,
  });
}

async function notesOf(settings: TrainOptions): Promise<string[]> {
  const notes: string[] = [];
  await train(settings, { resume: true, onEvent: (event) => { if (event.kind === 'note') notes.push(event.text); } });
  return notes;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'touchstone-record-'));
  writeJsonl(at('corpus.jsonl'), cleanDocuments(20));
  writeJsonl(at('test.jsonl'), cleanDocuments(3));
});
afterAll(() => { rmSync(folder, { recursive: true, force: true }); });

describe('training.json', () => {
  it('says what a run is before its first step: settings, versions, data, held-out sets', async () => {
    const controller = new AbortController();
    let early: unknown;
    await train(options('early'), {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.kind !== 'step') return;
        early ??= JSON.parse(readFileSync(at('early/training.json'), 'utf8'));
        controller.abort(new Error('enough'));
      },
    }).catch(() => undefined);
    expect(early).toMatchObject({
      formatVersion: 1,
      tool: { name: 'touchstone', onnxruntime: expect.stringMatching(/^1\./) as string, node: process.versions.node },
      device: 'cpu',
      settings: { 'optimizer.learningRate': 0.003, 'run.steps': 2 },
      options: { run: { device: 'cpu', threads: 1 }, data: { length: 32 } },
      data: { kind: 'corpus', paths: [at('corpus.jsonl')] },
      evaluation: { test: { path: at('test.jsonl'), documents: 3 } },
    });
    expect(await readRunRecord(at('early'))).toBeDefined();
    expect(await readRunRecord(at('nowhere'))).toBeUndefined();
  });

  it('is an error where its bytes were changed', async () => {
    await train(options('changed'));
    writeFileSync(at('changed/training.json'), readFileSync(at('changed/training.json'), 'utf8').replace('"device": "cpu"', '"device": "gpu"'));
    await expect(readRunRecord(at('changed'))).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining('changed/training.json cannot be used: its checksum is') as string });
  });
});

describe('a held-out set of a run that goes on', () => {
  it('is refused where the file of its name holds another text', async () => {
    writeJsonl(at('mine.jsonl'), cleanDocuments(3));
    const set = `run.evaluateOn={test: ${at('mine.jsonl')}}`;
    await train(options('spliced', set));
    writeJsonl(at('mine.jsonl'), cleanDocuments(2));
    await expect(notesOf(options('spliced', set, 'run.steps=3'))).rejects.toMatchObject({
      kind: 'mismatch',
      message: expect.stringMatching(/^run\.evaluateOn\.test was \S+mine\.jsonl \(3 documents, \d+ tokens, sha256 [0-9a-f]{12}\) in the run of \S+spliced and is \S+mine\.jsonl \(2 documents, \d+ tokens, sha256 [0-9a-f]{12}\) in this command$/) as string,
    });
  });

  it('may lie elsewhere, be joined by another, and be left out, which is said', async () => {
    await train(options('joined'));
    writeJsonl(at('copy.jsonl'), cleanDocuments(3));
    writeJsonl(at('more.jsonl'), cleanDocuments(4));
    expect(await notesOf(options('joined', `run.evaluateOn={test: ${at('copy.jsonl')}, more: ${at('more.jsonl')}}`, 'run.steps=3'))).toContain('run.evaluateOn.more is new: its losses begin at the step the run goes on from');
    expect(await notesOf(options('joined', `run.evaluateOn={more: ${at('more.jsonl')}}`, 'run.steps=4'))).toContain('run.evaluateOn.test is not given any more: its losses end at the step the run goes on from');
    expect(Object.keys((await readRunRecord(at('joined')))!.evaluation)).toEqual(['more', 'test']);
  });
});

describe('a selection of plain training', () => {
  it('is said to be unused', async () => {
    expect(await notesOf(options('unused', 'selection.score=excess', 'selection.keepFraction=0.5'))).toEqual(['selection.score, selection.keepFraction are not used: objective.kind is causal, which trains on every token']);
  });
});

describe('resolved settings', () => {
  it('are a settings file that comes to the same options', () => {
    const resolved = options('again', 'selection.keepFraction=0.5', 'data.seed=live/2', 'run.device=cuda:1');
    writeFileSync(at('again.yaml'), JSON.stringify(writtenOptions(resolved)));
    expect(resolveTrainOptions({ pipelinePath: at('again.yaml'), set: [], flags: {}, cwd: '/' })).toEqual(resolved);
    expect(writtenOptions(resolved)).toMatchObject({ run: { device: 'cuda:1', stepsPerTransfer: 'auto' }, model: { seed: 0 }, data: { seed: 'live/2' }, selection: { seed: 0 } });
  });
});

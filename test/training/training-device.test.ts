import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveTrainOptions } from '../../src/config/train-settings.js';
import type { TrainOptions } from '../../src/training/options.js';
import { compareSettings } from '../../src/training/run-settings.js';
import { train } from '../../src/training/train.js';
import { trainingDevice } from '../../src/training/training-device.js';
import { machineWith, WITHOUT_DRIVER } from '../runtime/cuda/pretended-machine.js';
import { cleanDocuments, DEMO_MODEL, temporaryFolder, writeJsonl } from '../scoring/demo-run.js';

type Run = Pick<TrainOptions['run'], 'device' | 'stepsPerTransfer'>;

const CPU: Run = { device: { kind: 'cpu' }, stepsPerTransfer: 'auto' };
const CUDA: Run = { device: { kind: 'cuda', ids: [1] }, stepsPerTransfer: 'auto' };
const AUTO: Run = { device: { kind: 'auto' }, stepsPerTransfer: 'auto' };
const nobody = (): Promise<never> => Promise.reject(new Error('nobody may ask'));

describe('the device of a training run', () => {
  it('is the CPU, one step at a time and without a look for CUDA, unless another is named', async () => {
    expect(await trainingDevice(CPU, { diagnose: nobody })).toMatchObject({ device: { kind: 'cpu' }, stepsPerCall: 1, notes: [] });
    expect(await trainingDevice({ ...CPU, stepsPerTransfer: 8 }, { diagnose: nobody })).toMatchObject({ stepsPerCall: 8 });
  });

  it('of CUDA takes 16 steps a transfer unless told otherwise', async () => {
    const diagnose = () => Promise.resolve(machineWith('H100', 'H200'));
    expect(await trainingDevice(CUDA, { diagnose })).toMatchObject({ device: { kind: 'cuda', id: 1 }, stepsPerCall: 16 });
    expect(await trainingDevice({ ...CUDA, stepsPerTransfer: 1 }, { diagnose })).toMatchObject({ stepsPerCall: 1 });
    expect(await trainingDevice({ ...AUTO, device: { kind: 'auto' } }, { diagnose })).toMatchObject({ device: { kind: 'cuda', id: 0 }, stepsPerCall: 16, notes: ['auto chose cuda:0, H100', expect.stringContaining('proven on CPU alone') as string] });
    expect(await trainingDevice(AUTO, { diagnose: () => Promise.resolve(WITHOUT_DRIVER) })).toMatchObject({ device: { kind: 'cpu' }, stepsPerCall: 1, notes: [expect.stringContaining('driver: no driver') as string] });
  });

  it('need not be there for a dry run', async () => {
    expect(await trainingDevice(CUDA, { planOnly: true, diagnose: nobody })).toMatchObject({ device: { kind: 'cuda', id: 1 }, stepsPerCall: 16 });
  });

  it('that does not work ends the command with the cause and the fix, before anything is read or written', async () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'corpus.jsonl'), cleanDocuments(3));
    const options = resolveTrainOptions({
      set: ['objective.kind=causal', `model.path=${DEMO_MODEL}`, 'data.corpus=corpus.jsonl', 'data.length=32', 'batch.sequences=1', 'optimizer.learningRate=0.001', 'run.steps=1', 'run.device=cuda', 'output.folder=out'],
      flags: {}, cwd: folder,
    });
    await expect(train(options, { diagnose: () => Promise.resolve(WITHOUT_DRIVER) })).rejects.toMatchObject({
      kind: 'io', message: expect.stringMatching(/^CUDA was asked for and does not work on this machine:\n {2}driver: no driver; expected NVIDIA driver/) as string, advice: expect.stringContaining("First of all: install NVIDIA's driver") as string,
    });
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('belongs to the settings that a resumed run must share; runs recorded before there was a choice were on the CPU', () => {
    const settings = { 'run.steps': 4 };
    const onCuda = { ...settings, 'run.device': 'cuda' };
    expect(compareSettings('/run', onCuda, onCuda, 2)).toEqual([]);
    expect(() => compareSettings('/run', settings, onCuda, 2)).toThrow('run.device was "cpu" in the run of /run and is "cuda" in this command');
    expect(() => compareSettings('/run', onCuda, settings, 2)).toThrow('run.device was "cuda" in the run of /run and is "cpu" in this command');
  });
});

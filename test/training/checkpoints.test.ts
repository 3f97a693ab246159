import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FloatTensor } from '../../src/model/float-tensor.js';
import type { CheckpointTemplate } from '../../src/model/write-checkpoint.js';
import type * as Safetensors from '../../src/model/write-safetensors.js';
import { checkpointFolder, checkpointSteps, loadCheckpoint, saveCheckpoint, saveModel, type TrainingPosition } from '../../src/training/checkpoints.js';
import { resumePoint } from '../../src/training/resume.js';

/** What happens once, in the middle of a save: before the file of the tensor of that name is written. */
const midway = vi.hoisted(() => ({ tensor: '', happens: () => Promise.resolve() }));

vi.mock('../../src/model/write-safetensors.js', async (importOriginal) => {
  const original = await importOriginal<typeof Safetensors>();
  return {
    ...original,
    writeSafetensors: async (...[sink, tensors, dtype]: Parameters<typeof original.writeSafetensors>) => {
      if (tensors[0]!.name === midway.tensor) {
        midway.tensor = '';
        await midway.happens();
      }
      await original.writeSafetensors(sink, tensors, dtype);
    },
  };
});

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'touchstone-checkpoints-')); });
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

const names = (): string[] => readdirSync(join(folder, 'checkpoints'));
const template: CheckpointTemplate = { config: '{"model_type":"llama"}', copies: new Map([['tokenizer.json', Buffer.from('{}')]]) };
const position: TrainingPosition = { formatVersion: 2, settings: { 'run.steps': 8 }, settingsHash: 'a', step: 4, consumedTokens: 64, trainedTokens: 32, cursor: null };

const tensor = (name: string, value: number): FloatTensor[] => [{ name, shape: [2], data: Float32Array.of(value, value) }];

/** Writes the weights, lets something happen, writes the moments. */
async function save(value: number, happens?: () => Promise<void>): Promise<void> {
  if (happens !== undefined) Object.assign(midway, { tensor: 'moment', happens });
  await saveCheckpoint(folder, position, template, tensor('weight', value), tensor('moment', value));
}

async function saveFinished(value: number, happens?: () => Promise<void>): Promise<void> {
  if (happens !== undefined) Object.assign(midway, { tensor: 'weight', happens });
  await saveModel(folder, template, tensor('weight', value), 'F32');
}

const broken = (): Promise<void> => Promise.reject(new Error('the device is lost'));

describe('a checkpoint', () => {
  it('is seen whole or not at all', async () => {
    let seen: readonly string[] | undefined;
    await save(1, async () => { seen = (await checkpointSteps(folder)).map(String).concat(names().filter((name) => !name.startsWith('.'))); });
    expect(seen).toEqual([]);
    expect(names()).toEqual(['00000004']);
    expect(readdirSync(checkpointFolder(folder, 4)).sort()).toEqual(['config.json', 'model.safetensors', 'optimizer.safetensors', 'position.json', 'tokenizer.json']);
    expect(await loadCheckpoint(folder, 4)).toMatchObject({ position: { step: 4 } });
  });

  it('of another trainer in the folder outlives the failure of this one', async () => {
    await expect(save(1, async () => { await save(1); await broken(); })).rejects.toThrow('the device is lost');
    expect(names()).toEqual(['00000004']);
    expect(await loadCheckpoint(folder, 4)).toMatchObject({ position: { step: 4 } });
  });

  it('that fails leaves nothing', async () => {
    await expect(save(1, broken)).rejects.toThrow('the device is lost');
    expect(names()).toEqual([]);
  });

  it('that two trainers write is the first one, if both are the same', async () => {
    await save(1, () => save(1));
    expect(names()).toEqual(['00000004']);
    expect(await loadCheckpoint(folder, 4)).toMatchObject({ position: { step: 4 } });
  });

  it('that two trainers write differently is the first one, and the second is told', async () => {
    let first: Buffer | undefined;
    const weights = (): Buffer => readFileSync(join(checkpointFolder(folder, 4), 'model.safetensors'));
    await expect(save(2, async () => { await save(1); first = weights(); })).rejects.toMatchObject({
      kind: 'io', message: `${checkpointFolder(folder, 4)} exists and holds another checkpoint`, advice: expect.stringContaining('Nothing was replaced.') as string,
    });
    expect(names()).toEqual(['00000004']);
    expect(weights().equals(first!)).toBe(true);
  });

  it('that a killed process left unfinished is ignored, and removed after a day', async () => {
    await save(1);
    const age = (name: string, hours: number): void => {
      const path = join(folder, name);
      mkdirSync(path);
      writeFileSync(join(path, 'position.json'), '{}');
      const time = new Date(Date.now() - hours * 3600 * 1000);
      for (const one of [join(path, 'position.json'), path]) utimesSync(one, time, time);
    };
    age('checkpoints/.00000006.0000000000000001.tmp', 25);
    age('checkpoints/.00000006.0000000000000002.tmp', 1);
    age('.model.0000000000000003.tmp', 25);
    const { checkpoint, notes } = await resumePoint(folder, position.settings, true);
    expect(checkpoint?.position.step).toBe(4);
    expect(notes).toEqual(['removed 2 temporary files and folders that killed processes left more than a day ago']);
    expect(names().sort()).toEqual(['.00000006.0000000000000002.tmp', '00000004']);
    expect(readdirSync(folder)).toEqual(['checkpoints']);
  });
});

describe('a finished model', () => {
  const weights = (): Buffer => readFileSync(join(folder, 'model/model.safetensors'));

  it('stays where its successor fails, and is readable until the successor is whole', async () => {
    await saveFinished(1);
    const before = weights();
    let meanwhile: Buffer | undefined;
    await expect(saveFinished(2, async () => { meanwhile = weights(); await broken(); })).rejects.toThrow('the device is lost');
    expect([meanwhile!.equals(before), weights().equals(before)]).toEqual([true, true]);
    await saveFinished(2);
    expect(weights().equals(before)).toBe(false);
    expect(readdirSync(folder)).toEqual(['model']);
  });
});

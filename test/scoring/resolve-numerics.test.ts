import { describe, expect, it } from 'vitest';
import type { DeviceChoice, Precision } from '../../src/records.js';
import type { CudaDiagnosis } from '../../src/runtime/cuda/diagnose.js';
import type { ScoreOptions } from '../../src/scoring/options.js';
import { resolveNumerics, type NumericsContext, type ResolvedNumerics } from '../../src/scoring/resolve-numerics.js';
import { machineWith, WITHOUT_DRIVER } from '../runtime/cuda/pretended-machine.js';
import { demoOptions } from './demo-run.js';

const AUTO: DeviceChoice = { kind: 'auto' };
const CPU: DeviceChoice = { kind: 'cpu' };
const CUDA: DeviceChoice = { kind: 'cuda', ids: [0] };
const H100 = machineWith('H100');

function resolve(device: DeviceChoice, precision: Precision | 'auto', machine: CudaDiagnosis | null, context: NumericsContext = {}): Promise<ResolvedNumerics> {
  const options = demoOptions('corpus.jsonl', 'run');
  const asked: Pick<ScoreOptions, 'model' | 'runtime'> = { model: { ...options.model, precision }, runtime: { ...options.runtime, device } };
  return resolveNumerics(asked, { ...context, diagnose: () => (machine === null ? Promise.reject(new Error('nobody may ask')) : Promise.resolve(machine)) });
}

describe('precision auto', () => {
  it('is float32 on the CPU and float16 on CUDA, also where auto chose the device', async () => {
    expect(await resolve(CPU, 'auto', null)).toMatchObject({ device: 'cpu', precision: 'float32', notes: [] });
    expect(await resolve(CUDA, 'auto', H100)).toMatchObject({ device: 'cuda', precision: 'float16', devices: [{ device: { kind: 'cuda', id: 0 } }] });
    expect(await resolve(AUTO, 'auto', H100)).toMatchObject({ device: 'cuda', precision: 'float16' });
    expect(await resolve(AUTO, 'auto', WITHOUT_DRIVER)).toMatchObject({ device: 'cpu', precision: 'float32' });
  });
});

describe('a precision', () => {
  it('of float32 is for every device', async () => {
    expect(await resolve(CUDA, 'float32', H100)).toMatchObject({ device: 'cuda', precision: 'float32' });
  });

  it('of float16 is refused on the CPU, and says why the CPU was chosen', async () => {
    await expect(resolve(CPU, 'float16', null)).rejects.toMatchObject({ kind: 'usage', message: 'model.precision float16 is for CUDA, and the device is the CPU', advice: expect.stringContaining('--device cuda') as string });
    await expect(resolve(AUTO, 'float16', WITHOUT_DRIVER)).rejects.toMatchObject({ kind: 'usage', message: expect.stringMatching(/which auto chose: driver: no driver/) as string });
  });

  it('of int8 is for the CPU, which auto then chooses, and refused on CUDA', async () => {
    await expect(resolve(CUDA, 'int8', H100)).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining('int8 is for the CPU') as string });
    expect(await resolve(AUTO, 'int8', H100)).toMatchObject({ precision: 'int8', device: 'cpu', devices: [{ device: { kind: 'cpu' } }] });
  });
});

describe('an exported .onnx model', () => {
  const exported = (device: DeviceChoice, precision: Precision | 'auto'): Promise<ResolvedNumerics> => {
    const options = demoOptions('corpus.jsonl', 'run');
    return resolveNumerics({ model: { path: '/models/model.onnx', precision }, runtime: { ...options.runtime, device } }, { diagnose: () => Promise.resolve(H100) });
  };

  it('keeps the numbers of its graph on every device, and is refused any other', async () => {
    expect(await exported(CUDA, 'auto')).toMatchObject({ device: 'cuda', precision: 'float32' });
    expect(await exported(CPU, 'float32')).toMatchObject({ device: 'cpu', precision: 'float32' });
    for (const precision of ['float16', 'int8'] as const) {
      await expect(exported(CUDA, precision)).rejects.toMatchObject({
        kind: 'usage',
        message: `model.precision must be float32 or auto for an exported .onnx model, which is computed as its graph says, got ${precision}`,
        advice: expect.stringContaining('/models/model.onnx was exported from') as string,
      });
    }
  });
});

describe('a run that was begun', () => {
  it('on the CPU goes on there with auto, without a look for CUDA', async () => {
    expect(await resolve(AUTO, 'auto', null, { begunOn: 'cpu' })).toMatchObject({ device: 'cpu', notes: ['auto chose the CPU: this run was begun on one'] });
  });

  it('on CUDA goes on there with auto, and is refused by name where CUDA does not work', async () => {
    expect(await resolve(AUTO, 'auto', H100, { begunOn: 'cuda' })).toMatchObject({ device: 'cuda' });
    await expect(resolve(AUTO, 'auto', WITHOUT_DRIVER, { begunOn: 'cuda' })).rejects.toMatchObject({
      kind: 'mismatch',
      message: expect.stringMatching(/plan\.model\.device is "cuda" in this run and "cpu" in this command, which auto chose since CUDA does not work here: driver: no driver/) as string,
    });
  });

  it('on one kind of device is refused on the other, before anybody looks for it', async () => {
    await expect(resolve(CPU, 'auto', null, { begunOn: 'cuda' })).rejects.toMatchObject({ kind: 'mismatch', message: expect.stringContaining('plan.model.device is "cuda" in this run and "cpu"') as string });
    await expect(resolve(CUDA, 'auto', null, { begunOn: 'cpu' })).rejects.toMatchObject({ kind: 'mismatch' });
  });
});

describe('a plan', () => {
  it('for CUDA can be made on a machine without it, by name', async () => {
    expect(await resolve(CUDA, 'auto', null, { planOnly: true })).toMatchObject({ device: 'cuda', precision: 'float16', devices: [], notes: [] });
  });

  it('made with auto takes what works here, and says so', async () => {
    const { device, notes } = await resolve(AUTO, 'auto', WITHOUT_DRIVER, { planOnly: true });
    expect(device).toBe('cpu');
    expect(notes.at(-1)).toBe('auto looked at this machine: name the device if the run will be scored on others');
  });
});

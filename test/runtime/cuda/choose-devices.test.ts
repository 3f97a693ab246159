import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { chooseDevices } from '../../../src/runtime/cuda/choose-devices.js';
import type { CudaDiagnosis } from '../../../src/runtime/cuda/diagnose.js';
import { demandTrueFloat32 } from '../../../src/runtime/cuda/true-float32.js';
import { machineWith, WITHOUT_DRIVER } from './pretended-machine.js';

const on = (diagnosis: CudaDiagnosis) => () => Promise.resolve(diagnosis);

describe('devices', () => {
  it('that are named are those of the command, with what records say of them', async () => {
    const { kind, devices, notes } = await chooseDevices({ kind: 'cuda', ids: [1, 0] }, on(machineWith('H100', 'A100')));
    expect(kind).toBe('cuda');
    expect(devices.map(({ device }) => device)).toEqual([{ kind: 'cuda', id: 1 }, { kind: 'cuda', id: 0 }]);
    expect(devices[0]!.record).toEqual({ kind: 'cuda', name: 'A100', driver: '580.65.06', libraries: { 'libcublas.so.13': '13.1.0.3' } });
    expect(notes).toEqual([]);
  });

  it('that are named on a machine without CUDA are an error with every cause and the first thing to do', async () => {
    const error = await chooseDevices({ kind: 'cuda', ids: [0] }, on(WITHOUT_DRIVER)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      kind: 'io',
      message: 'CUDA was asked for and does not work on this machine:\n  driver: no driver; expected NVIDIA driver 580 or newer\n  devices: none without a driver; expected a GPU',
      advice: "touchstone doctor shows everything that was looked at; --device cpu does without CUDA. First of all: install NVIDIA's driver",
    });
  });

  it('that a working machine does not have are a mistake of the command', async () => {
    await expect(chooseDevices({ kind: 'cuda', ids: [0, 2] }, on(machineWith('H100', 'A100')))).rejects.toMatchObject({
      kind: 'usage',
      message: 'the device cuda:2 must be one that this process sees, which are cuda:0 H100, cuda:1 A100',
    });
  });

  it('are chosen by auto: the first CUDA device, else the CPU, and it says which and why', async () => {
    const cuda = await chooseDevices({ kind: 'auto' }, on(machineWith('H100', 'A100')));
    expect(cuda.devices.map(({ device }) => device)).toEqual([{ kind: 'cuda', id: 0 }]);
    expect(cuda.notes).toEqual(['auto chose cuda:0, H100; of 2 devices it takes one: --device cuda:0,1 takes all']);
    const cpu = await chooseDevices({ kind: 'auto' }, on(WITHOUT_DRIVER));
    expect(cpu).toMatchObject({ kind: 'cpu', devices: [{ device: { kind: 'cpu' }, record: { kind: 'cpu' } }], diagnosis: null });
    expect(cpu.notes).toEqual(['auto chose the CPU, since CUDA does not work here: driver: no driver; expected NVIDIA driver 580 or newer']);
  });

  it('are not looked for where the CPU was named', async () => {
    const { kind } = await chooseDevices({ kind: 'cpu' }, () => Promise.reject(new Error('nobody may ask')));
    expect(kind).toBe('cpu');
  });
});

describe('true float32', () => {
  it('is demanded in the environment that native libraries read, in worker threads too', async () => {
    const before = process.env['NVIDIA_TF32_OVERRIDE'];
    onTestFinished(() => {
      if (before === undefined) delete process.env['NVIDIA_TF32_OVERRIDE'];
      else process.env['NVIDIA_TF32_OVERRIDE'] = before;
    });
    process.env['NVIDIA_TF32_OVERRIDE'] = '1';
    demandTrueFloat32();
    // The report lists the environment of the process itself, not the copy a worker's process.env is.
    const worker = new Worker(
      "process.env.NVIDIA_TF32_OVERRIDE = 'copied'; require('worker_threads').parentPort.postMessage(process.report.getReport().environmentVariables.NVIDIA_TF32_OVERRIDE)",
      { eval: true },
    );
    const native = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    expect(native).toBe('0');
  });
});

import { describe, expect, it } from 'vitest';
import { machineText, trialText, verdictText } from '../../src/cli/doctor-text.js';
import { diagnoseCuda } from '../../src/runtime/cuda/diagnose.js';
import type { Trial } from '../../src/scoring/trial.js';
import { BARE, machine, without, WORKSTATION } from '../runtime/cuda/machine.js';

const CPU: Trial = { device: { kind: 'cpu' }, precision: 'float32', seconds: 0.21, problem: null };
const gpu = (id: number, problem: string | null = null): Trial => ({ device: { kind: 'cuda', id }, precision: 'float16', seconds: 2, problem });

describe('the doctor', () => {
  it('lists what is to be done, each step once, and counts in the verdict what is missing', async () => {
    const cuda = await diagnoseCuda(machine(without(BARE, /providers/)));
    const lines = verdictText(cuda, [CPU]).split('\n');
    expect(lines.slice(0, 7)).toEqual([
      '',
      'to use CUDA',
      expect.stringMatching(/^ {2}1\. install NVIDIA's driver 580 or newer/),
      '  2. npm run setup:cuda',
      expect.stringMatching(/^ {2}3\. python3 -m venv \.venv && \.venv\/bin\/pip install /),
      '',
      'CPU: works. CUDA: does not work: driver: none is installed (and 7 more); do this: the 3 steps above',
    ]);
  });

  it('says a single step in the verdict itself', async () => {
    const cuda = await diagnoseCuda(machine(without(WORKSTATION, /providers_cuda/)));
    expect(verdictText(cuda, [CPU])).toMatch(/^CPU: works\. CUDA: does not work: libonnxruntime_providers_cuda\.so: nothing in \S+; do this: npm run setup:cuda\n$/);
  });

  it('names the devices that work and those that do not', async () => {
    const cuda = await diagnoseCuda(machine(WORKSTATION));
    expect(verdictText(cuda, [CPU, gpu(0), gpu(1)])).toBe('CPU: works. CUDA: works on cuda:0 NVIDIA H100 80GB HBM3, cuda:1 NVIDIA GeForce RTX 4090\n');
    expect(verdictText(cuda, [CPU, gpu(0, 'out of memory'), gpu(1)])).toBe('CPU: works. CUDA: works on cuda:1 NVIDIA GeForce RTX 4090; does not work on cuda:0: out of memory\n');
    expect(verdictText(cuda, [{ ...CPU, problem: 'no \u001b[2J' }, gpu(0)])).toContain('CPU: does not work: no \\u{1b}[2J. CUDA: works on');
    expect(trialText(gpu(1))).toBe('tried      cuda:1 in float16 works: golden texts scored in 2.0 s, and the losses are those of a CPU\n');
  });

  it('shows every finding, with what was expected where it is missing or wrong', async () => {
    const cuda = await diagnoseCuda(machine(without(WORKSTATION, /curand/)));
    const text = machineText({ node: 'v20', onnxruntime: '1.29.0', processor: { model: 'A CPU', cores: 8, memoryBytes: 2 ** 34, int8: null }, cuda });
    expect(text).toContain('processor  A CPU, 8 cores for this process, 16.0 GiB; no fast 8-bit products known\n');
    expect(text).toContain('\n  ok        libcublas.so.13: 13.1.0.3, /usr/local/cuda-13.0/lib64/libcublas.so.13\n');
    expect(text).toContain('\n  missing   libcurand.so.10: not on the loader path, in no toolkit and in no Python environment\n            expected CUDA 13, which the provider is for\n');
  });
});

import { availableParallelism, cpus, totalmem } from 'node:os';
import { readFileSync } from 'node:fs';
import { runtimeVersion } from '../../src/runtime/version.js';

/** What a figure cannot be read without. */
export interface Machine {
  readonly processor: string;
  /** Threads this process may run at once. */
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly onnxruntime: string;
  /** ISO 8601, day only. */
  readonly date: string;
}

export function describeMachine(): Machine {
  return {
    processor: processorName(),
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.versions.node,
    onnxruntime: runtimeVersion(),
    date: new Date().toISOString().slice(0, 10),
  };
}

/** Virtual machines often hide the model behind the maker's name: family and model number tell it then. */
function processorName(): string {
  const model = cpus()[0]?.model ?? 'unknown processor';
  try {
    const info = readFileSync('/proc/cpuinfo', 'utf8');
    const field = (name: string): string => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(info)?.[1] ?? '?';
    const vectors = ['avx512f', 'avx2'].find((flag) => field('flags').split(' ').includes(flag)) ?? 'no AVX2';
    return `${model} (family ${field('cpu family')}, model ${field('model')}, ${vectors})`;
  } catch {
    return model;
  }
}

import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';

export interface Processor {
  readonly model: string;
  /** Cores, or hyperthreads, that this process may use. */
  readonly cores: number;
  /** Of the machine, or of the group this process is confined to. */
  readonly memoryBytes: number;
  /** The best instructions it has for products of 8-bit integers, of those the runtime uses; null where it has none or does not say. */
  readonly int8: string | null;
}

/** In the order of preference; names as Linux spells them. */
const INT8_FLAGS: readonly (readonly [flag: string, name: string])[] = [
  ['avx512_vnni', 'AVX512-VNNI'],
  ['avx_vnni', 'AVX-VNNI'],
  ['avx2', 'AVX2'],
  ['i8mm', 'I8MM'],
  ['asimddp', 'dot product'],
];

export async function describeProcessor(): Promise<Processor> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const confined = process.constrainedMemory();
  return {
    model: cpus()[0]?.model.trim() ?? process.arch,
    cores: availableParallelism(),
    memoryBytes: confined > 0 ? Math.min(confined, totalmem()) : totalmem(),
    int8: int8Instructions(text),
  };
}

/** @param cpuinfo the text of /proc/cpuinfo */
export function int8Instructions(cpuinfo: string): string | null {
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1]?.trim().split(/\s+/));
  return INT8_FLAGS.find(([flag]) => flags.has(flag))?.[1] ?? null;
}

import type { CorpusFile } from '../corpus/corpus-file.js';
import type { DeviceKind } from '../records.js';
import type { ScoreOptions } from './options.js';

const MIB = 2 ** 20;
/** What ends a run, or a machine, costs the units under way, two at once: a 256th of the run each is little, and 256 shards are not many. */
const UNITS = 256;
/**
 * Smaller units would cost padding at their ends: batches are made from look-aheads of 65 thousand tokens on the CPU and 2 million on CUDA, and a MiB of text has some
 * 250 thousand. A model of 134 M parameters scores a MiB in six minutes on two cores; a GPU scores eight in less than one.
 */
const LEAST: Readonly<Record<DeviceKind, number>> = { cpu: MIB, cuda: 8 * MIB };
/** Larger units would only make a loss larger. */
const MOST = 32 * MIB;

/** Turns 'auto' into a size of units in bytes of input. It depends on the files' sizes and the kind of device alone, which stand in the plan. */
export function resolveUnitBytes(unitBytes: ScoreOptions['corpus']['unitBytes'], files: readonly Pick<CorpusFile, 'bytes'>[], device: DeviceKind): number {
  if (unitBytes !== 'auto') return unitBytes;
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  return Math.min(MOST, Math.max(LEAST[device], Math.ceil(total / UNITS)));
}

import { TouchstoneError } from '../errors.js';
import type { ComputeDevice, DeviceChoice, Numerics } from '../records.js';
import type { Plan } from '../run/plan.js';
import { chooseCpu, chooseDevices, readyDevices, type DiagnoseCuda } from '../runtime/cuda/choose-devices.js';
import { selfTest } from '../scoring/self-test.js';

/** What a sample is scored again in and on. */
export interface SampleNumerics extends Numerics {
  readonly devices: readonly ComputeDevice[];
  /** How that differs from what the run was scored in and on; one sentence each. */
  readonly notes: readonly string[];
}

/**
 * The kind of device the run was scored on, where it works here and nothing else was asked for; in the place of CUDA, float32 on the CPU, which every machine has.
 * @throws TouchstoneError as chooseDevices does where a device was named; 'usage' where the run's precision is not for it
 */
export async function sampleNumerics({ model: { precision, device } }: Plan, choice: DeviceChoice, diagnose?: DiagnoseCuda): Promise<SampleNumerics> {
  const { kind, devices, diagnosis, withoutCuda } = choice.kind === 'auto' && device === 'cpu' ? chooseCpu() : await chooseDevices(choice, diagnose);
  if (kind === 'cuda' && precision === 'int8') {
    throw new TouchstoneError('usage', 'a run in int8 can be sampled on a CPU only, and the device is CUDA', { advice: 'Leave --device out.' });
  }
  readyDevices({ diagnosis });
  if (kind === device) return await tested({ precision, device: kind, devices, notes: [] });
  const why = withoutCuda === null ? '' : `, since CUDA does not work here (${withoutCuda})`;
  const note = `the run was scored in ${precision} on ${nameOf(device)}, the sample in float32 on ${nameOf(kind)}${why}: losses may differ by more than on the same kind of device`;
  return await tested({ precision: 'float32', device: kind, devices, notes: [note] });
}

/** Losses are not to be doubted on the word of a device that computes something else. */
async function tested(numerics: SampleNumerics): Promise<SampleNumerics> {
  if (numerics.device === 'cuda') await selfTest(numerics.devices, numerics);
  return numerics;
}

const nameOf = (kind: Numerics['device']): string => (kind === 'cpu' ? 'the CPU' : 'CUDA');

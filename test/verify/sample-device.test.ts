import { describe, expect, it } from 'vitest';
import type { DeviceChoice, DeviceKind, Precision } from '../../src/records.js';
import type { Plan } from '../../src/run/plan.js';
import { sampleNumerics, type SampleNumerics } from '../../src/verify/sample-device.js';
import { examplePlan } from '../run/example-run.js';
import { WITHOUT_DRIVER } from '../runtime/cuda/pretended-machine.js';

const sampled = (device: DeviceKind, precision: Precision, choice: DeviceChoice): Promise<SampleNumerics> => {
  const plan: Plan = { ...examplePlan(), model: { ...examplePlan().model, device, precision } };
  return sampleNumerics(plan, choice, () => Promise.resolve(WITHOUT_DRIVER));
};

describe('the device of a sample', () => {
  it('is the CPU for a run on the CPU, in its precision', async () => {
    expect(await sampled('cpu', 'int8', { kind: 'auto' })).toMatchObject({ device: 'cpu', precision: 'int8', notes: [] });
    expect(await sampled('cpu', 'float32', { kind: 'cpu' })).toMatchObject({ device: 'cpu', precision: 'float32', notes: [] });
  });

  it('is the CPU in float32 for a run on CUDA where there is none, and says so and why', async () => {
    const { notes, ...rest } = await sampled('cuda', 'float16', { kind: 'auto' });
    expect(rest).toMatchObject({ device: 'cpu', precision: 'float32', devices: [{ device: { kind: 'cpu' } }] });
    expect(notes).toEqual([
      'the run was scored in float16 on CUDA, the sample in float32 on the CPU, since CUDA does not work here (driver: no driver; expected NVIDIA driver 580 or newer): losses may differ by more than on the same kind of device',
    ]);
  });

  it('that is named must work', async () => {
    await expect(sampled('cuda', 'float16', { kind: 'cuda', ids: [0] })).rejects.toMatchObject({ kind: 'io' });
  });
});

import { TouchstoneError } from '../errors.js';
import type { DeviceKind, Numerics, Precision } from '../records.js';
import { chooseCpu, chooseDevices, type ChosenDevices, type DiagnoseCuda } from '../runtime/cuda/choose-devices.js';
import type { ScoreOptions } from './options.js';

/** `precision` and `device` are frozen in the plan. */
export interface ResolvedNumerics extends Numerics, Omit<ChosenDevices, 'kind' | 'withoutCuda'> {}

export interface NumericsContext {
  /** The kind of device the run folder's plan was made for; null where there is no plan yet. `auto` keeps to it. */
  readonly begunOn?: DeviceKind | null;
  /** Nothing will be computed here: devices that are named need not be there, and none are returned. */
  readonly planOnly?: boolean;
  readonly diagnose?: DiagnoseCuda | undefined;
}

/**
 * Turns 'auto' into devices and a precision, and refuses what cannot be computed.
 * @throws TouchstoneError 'mismatch' where the run was begun on another kind of device; else as chooseDevices does, and 'usage' where the precision is not
 * for the device
 */
export async function resolveNumerics({ model: { path, precision }, runtime: { device } }: Pick<ScoreOptions, 'model' | 'runtime'>, context: NumericsContext = {}): Promise<ResolvedNumerics> {
  const { begunOn = null, planOnly = false, diagnose } = context;
  // What a foreign graph computes in stands in it; float32 says that nothing is changed.
  const exported = path.endsWith('.onnx');
  if (exported && precision !== 'auto' && precision !== 'float32') {
    throw new TouchstoneError('usage', `model.precision must be float32 or auto for an exported .onnx model, which is computed as its graph says, got ${precision}`, {
      advice: `Leave --precision out, or score the checkpoint folder ${path} was exported from.`,
    });
  }
  if (device.kind !== 'auto' && begunOn !== null && begunOn !== device.kind) throw begunElsewhere(begunOn, device.kind, '');
  const chosen =
    device.kind === 'cuda' && planOnly
      ? { kind: 'cuda' as const, devices: [], diagnosis: null, notes: [], withoutCuda: null }
      : device.kind === 'auto' && precision === 'int8'
        ? chooseCpu('the precision int8 is for CPUs')
        : device.kind === 'auto' && begunOn === 'cpu'
          ? chooseCpu('this run was begun on one')
          : await chooseDevices(device, diagnose);
  const { kind, devices, diagnosis, notes, withoutCuda } = chosen;
  if (begunOn !== null && begunOn !== kind) throw begunElsewhere(begunOn, kind, withoutCuda === null ? '' : `, which auto chose since CUDA does not work here: ${withoutCuda}`);
  const resolved = precision === 'auto' ? (kind === 'cpu' || exported ? 'float32' : 'float16') : precision;
  checkPrecision(resolved, kind, withoutCuda);
  const elsewhere = planOnly && device.kind === 'auto' && begunOn === null ? ['auto looked at this machine: name the device if the run will be scored on others'] : [];
  return { precision: resolved, device: kind, devices, diagnosis, notes: [...notes, ...elsewhere] };
}

function checkPrecision(precision: Precision, kind: DeviceKind, withoutCuda: string | null): void {
  if (precision === 'float16' && kind === 'cpu') {
    const why = withoutCuda === null ? '' : `, which auto chose: ${withoutCuda}`;
    throw new TouchstoneError('usage', `model.precision float16 is for CUDA, and the device is the CPU${why}`, {
      advice: 'On a CPU float16 is slower than float32 and less exact: leave --precision out, or use --device cuda.',
    });
  }
  if (precision === 'int8' && kind === 'cuda') {
    throw new TouchstoneError('usage', 'model.precision int8 is for the CPU, and the device is CUDA', { advice: 'Leave --precision out for float16, or use --device cpu.' });
  }
}

function begunElsewhere(begunOn: DeviceKind, kind: DeviceKind, why: string): TouchstoneError {
  return new TouchstoneError('mismatch', `the run belongs to another plan: plan.model.device is "${begunOn}" in this run and "${kind}" in this command${why}`, {
    advice: `Losses of both kinds must not mix in a run: go on with --device ${begunOn}, or give this command another --out. Nothing was touched.`,
  });
}

import { TouchstoneError } from '../errors.js';
import type { Device, Numerics } from '../records.js';
import type { ScoreOptions } from './options.js';

export interface ResolvedNumerics extends Numerics {
  /** What sessions are made on, one or more for each. */
  readonly devices: readonly Device[];
}

/** Turns 'auto' into a device and a precision; what it returns is frozen in the plan. */
export function resolveNumerics({ model: { precision }, runtime: { device } }: Pick<ScoreOptions, 'model' | 'runtime'>): ResolvedNumerics {
  if (device.kind === 'cuda') throw new TouchstoneError('usage', 'runtime.device must be cpu in this version, got cuda');
  const resolved = precision === 'auto' ? 'float32' : precision;
  if (resolved !== 'float32') throw new TouchstoneError('usage', `model.precision must be float32 in this version, got ${resolved}`);
  return { precision: resolved, device: 'cpu', devices: [{ kind: 'cpu' }] };
}

import type { ComputeDevice, Precision } from '../records.js';
import type { Calibration } from '../run/calibration-record.js';
import { deviceText, type UsedDevice } from '../run/device-record.js';
import { deviceLabel } from '../runtime/device-faults.js';
import { terminalText } from './terminal-text.js';

/** "CPU", "cuda:0 NVIDIA H100 (driver 580.65.06)": the devices of a command. */
export function devicesText(devices: readonly ComputeDevice[]): string {
  return devices.map(({ device, record }) => (record.kind === 'cpu' ? deviceText(record) : `${deviceLabel(device)} ${terminalText(deviceText(record))}`)).join(', ');
}

/** "int8 is off by 0.021 nats in the mean, 0.42 at most; 0.23 % of the tokens enter or leave the 60 % with the lowest loss (against float32, 32768 tokens)" */
export function calibrationText(precision: Precision, { tokens, meanError, maxError, changedSelection, notCompared }: Calibration): string {
  if (notCompared !== undefined) return `${precision} could not be compared with float32: ${terminalText(notCompared)}`;
  if (meanError === null || maxError === null || changedSelection === null) return `${precision} could not be compared with float32: the corpus has no token to score`;
  return `${precision} is off by ${meanError.toPrecision(2)} nats in the mean, ${maxError.toPrecision(2)} at most; ${(100 * changedSelection).toPrecision(2)} % of the tokens enter or leave the 60 % with the lowest loss (against float32, ${tokens} tokens)`;
}

/** "float32 on CPU"; with several devices, the units that each had a part in. */
export function computationText(precision: Precision, devices: readonly UsedDevice[]): string {
  if (devices.length === 0) return `${precision}, nothing computed`;
  const units = (count: number): string => (devices.length === 1 ? '' : `, ${count} ${count === 1 ? 'unit' : 'units'}`);
  return `${precision} on ${devices.map((device) => `${terminalText(deviceText(device))}${units(device.units)}`).join('; ')}`;
}

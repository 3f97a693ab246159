import type { ComputeDevice, Precision } from '../records.js';
import { deviceText, type UsedDevice } from '../run/device-record.js';
import { deviceLabel } from '../runtime/device-faults.js';
import { terminalText } from './terminal-text.js';

/** "CPU", "cuda:0 NVIDIA H100 (driver 580.65.06)": the devices of a command. */
export function devicesText(devices: readonly ComputeDevice[]): string {
  return devices.map(({ device, record }) => (record.kind === 'cpu' ? deviceText(record) : `${deviceLabel(device)} ${terminalText(deviceText(record))}`)).join(', ');
}

/** "float32 on CPU"; with several devices, the units that each had a part in. */
export function computationText(precision: Precision, devices: readonly UsedDevice[]): string {
  if (devices.length === 0) return `${precision}; every loss was copied from earlier runs`;
  const units = (count: number): string => (devices.length === 1 ? '' : `, ${count} ${count === 1 ? 'unit' : 'units'}`);
  return `${precision} on ${devices.map((device) => `${terminalText(deviceText(device))}${units(device.units)}`).join('; ')}`;
}

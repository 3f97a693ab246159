import { z } from 'zod';

import type { DeviceRecord } from '../records.js';
import { canonicalJson } from './canonical-json.js';
import { count } from './json-record.js';

const cpu = { kind: z.literal('cpu') };
const cuda = { kind: z.literal('cuda'), name: z.string(), driver: z.string().nullable(), libraries: z.record(z.string(), z.string().nullable()) };

export const deviceRecord: z.ZodType<DeviceRecord> = z.discriminatedUnion('kind', [z.strictObject(cpu), z.strictObject(cuda)]);

/** A device, and the units that were computed on it, wholly or in part. */
export type UsedDevice = DeviceRecord & { readonly units: number };

export const usedDevice: z.ZodType<UsedDevice> = z.discriminatedUnion('kind', [z.strictObject({ ...cpu, units: count }), z.strictObject({ ...cuda, units: count })]);

/** Each device once, in an order that depends on nothing but them. Two cards of one name, driver and libraries are one. */
export function distinctDevices(records: readonly DeviceRecord[]): DeviceRecord[] {
  return byIdentity(records).map(([, record]) => record);
}

/** The devices of units, with the number of units of each. */
export function usedDevices(units: readonly { readonly devices: readonly DeviceRecord[] }[]): UsedDevice[] {
  const counts = new Map<string, number>();
  const records = units.flatMap(({ devices }) => devices);
  for (const { devices } of units) for (const [identity] of byIdentity(devices)) counts.set(identity, (counts.get(identity) ?? 0) + 1);
  return byIdentity(records).map(([identity, record]) => ({ ...record, units: counts.get(identity)! }));
}

function byIdentity(records: readonly DeviceRecord[]): (readonly [string, DeviceRecord])[] {
  const distinct = new Map(records.map((record) => [canonicalJson(record), record]));
  return [...distinct].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** "CPU", "NVIDIA H100 80GB HBM3 (driver 580.65.06)" */
export function deviceText(record: DeviceRecord): string {
  return record.kind === 'cpu' ? 'CPU' : `${record.name}${record.driver === null ? '' : ` (driver ${record.driver})`}`;
}

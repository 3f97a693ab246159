/** A device as the driver numbers it, before CUDA_VISIBLE_DEVICES. */
export interface InstalledDevice {
  readonly uuid: string;
  readonly name: string;
  /** 0 where nothing says. */
  readonly memoryMiB: number;
  /** Compute capability, as 9.0; null where nothing says. */
  readonly capability: number | null;
}

/**
 * The devices in the order and numbering that CUDA gives a process: those CUDA_VISIBLE_DEVICES names, by number or by the beginning of a UUID, up to the first that does
 * not exist. A part of a divided device (MIG-...) counts as a device of its own, whose name and size are not known here.
 */
export function visibleDevices(devices: readonly InstalledDevice[], variable: string | undefined): readonly InstalledDevice[] {
  if (variable === undefined) return devices;
  const visible: InstalledDevice[] = [];
  for (const entry of variable.split(',').map((text) => text.trim())) {
    const device = /^\d+$/.test(entry) ? devices[Number(entry)] : entry.startsWith('MIG-') ? part(entry) : byUuid(devices, entry);
    if (device === undefined) break;
    visible.push(device);
  }
  return visible;
}

const byUuid = (devices: readonly InstalledDevice[], entry: string): InstalledDevice | undefined => (entry === '' ? undefined : devices.find(({ uuid }) => uuid.startsWith(entry)));
const part = (uuid: string): InstalledDevice => ({ uuid, name: uuid, memoryMiB: 0, capability: null });

import { TouchstoneError } from '../../errors.js';
import type { ComputeDevice, DeviceChoice, DeviceKind } from '../../records.js';
import { diagnoseCuda } from './diagnose.js';
import { isFault, type CudaDiagnosis } from './diagnosis.js';
import { prepareCudaLibraries } from './prepare.js';
import { demandTrueFloat32 } from './true-float32.js';

/** Asks the machine; tests answer for it. */
export type DiagnoseCuda = () => Promise<CudaDiagnosis>;

export interface ChosenDevices {
  readonly kind: DeviceKind;
  readonly devices: readonly ComputeDevice[];
  /** What `readyDevices` needs; null for the CPU. */
  readonly diagnosis: CudaDiagnosis | null;
  /** What `auto` chose and why, one sentence each; none where a device was named. */
  readonly notes: readonly string[];
  /** Why `auto` did not choose CUDA; null where it did, or a device was named. */
  readonly withoutCuda: string | null;
}

const CPU = { kind: 'cpu', devices: [{ device: { kind: 'cpu' }, record: { kind: 'cpu' } }], diagnosis: null } as const;

/**
 * Devices for a command. Named ones must all work. `auto` takes the first CUDA device, or the CPU where CUDA does not work. Loads nothing.
 * @throws TouchstoneError 'io' where this machine cannot run CUDA (another may), 'usage' where it can and has no such device
 */
export async function chooseDevices(choice: DeviceChoice, diagnose: DiagnoseCuda = diagnoseCuda): Promise<ChosenDevices> {
  if (choice.kind === 'cpu') return chooseCpu();
  const diagnosis = await diagnose();
  const { usable, devices } = diagnosis;
  const works = usable && devices.length > 0;
  if (choice.kind === 'cuda') {
    if (!works) throw withoutCuda(diagnosis);
    return { kind: 'cuda', devices: choice.ids.map((id) => recorded(id, diagnosis)), diagnosis, notes: [], withoutCuda: null };
  }
  if (!works) {
    const cause = faults(diagnosis)[0] ?? 'no device was found';
    return { ...CPU, notes: [`auto chose the CPU, since CUDA does not work here: ${cause}`], withoutCuda: cause };
  }
  const [first, ...others] = devices;
  const also = others.length === 0 ? '' : `; of ${devices.length} devices it takes one: --device cuda:${devices.map(({ id }) => id).join(',')} takes all`;
  return { kind: 'cuda', devices: [recorded(first!.id, diagnosis)], diagnosis, notes: [`auto chose cuda:${first!.id}, ${first!.name}${also}`], withoutCuda: null };
}

/** The CPU; `why` is said where nobody named it. */
export function chooseCpu(why?: string): ChosenDevices {
  return { ...CPU, notes: why === undefined ? [] : [`auto chose the CPU: ${why}`], withoutCuda: why ?? null };
}

/**
 * Makes this process able to open sessions on the devices. Call it on the main thread, before the first session of the process.
 * @throws TouchstoneError ('io') where a library cannot be loaded
 */
export function readyDevices({ diagnosis }: Pick<ChosenDevices, 'diagnosis'>): void {
  if (diagnosis === null) return;
  demandTrueFloat32();
  prepareCudaLibraries(diagnosis);
}

function recorded(id: number, { devices, driver, libraries }: CudaDiagnosis): ComputeDevice {
  const device = devices.find((found) => found.id === id);
  if (device === undefined) {
    const seen = devices.map(({ id: number, name }) => `cuda:${number} ${name}`).join(', ');
    throw new TouchstoneError('usage', `the device cuda:${id} must be one that this process sees, which are ${seen}`, {
      advice: 'Devices are numbered from 0 among those that CUDA_VISIBLE_DEVICES leaves.',
    });
  }
  return {
    device: { kind: 'cuda', id },
    record: { kind: 'cuda', name: device.name, driver, libraries: Object.fromEntries(libraries.map(({ name, version }) => [name, version])) },
  };
}

function withoutCuda(diagnosis: CudaDiagnosis): TouchstoneError {
  const fix = diagnosis.findings.find((finding) => isFault(finding) && finding.fix !== null)?.fix ?? null;
  return new TouchstoneError('io', `CUDA was asked for and does not work on this machine:${faults(diagnosis).map((fault) => `\n  ${fault}`).join('') || ' no device was found'}`, {
    advice: `touchstone doctor shows everything that was looked at; --device cpu does without CUDA.${fix === null ? '' : ` First of all: ${fix}`}`,
  });
}

/** "driver: no driver, expected NVIDIA driver 580 or newer" */
function faults({ findings }: CudaDiagnosis): string[] {
  return findings.filter(isFault).map(({ subject, expected, found }) => `${subject}: ${found}; expected ${expected}`);
}

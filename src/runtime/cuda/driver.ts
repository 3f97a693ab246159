import type { CudaDevice, CudaLibrary, Finding } from './diagnosis.js';
import type { CudaEnvironment } from './environment.js';
import { CUDA_PROVIDER } from './provider.js';
import { visibleDevices, type InstalledDevice } from './visible-devices.js';

export interface DriverState {
  readonly driver: string | null;
  readonly devices: readonly CudaDevice[];
  readonly findings: readonly Finding[];
}

interface DriverAnswer {
  readonly driver: string | null;
  readonly devices: readonly InstalledDevice[];
  /** What nvidia-smi said instead of an answer. */
  readonly complaint: string | null;
}

const CONTAINER_FIX = 'give the container its GPUs: docker run --gpus all ..., in Kubernetes resources.limits of nvidia.com/gpu, in Slurm --gres=gpu:1';
const DRIVER_FIX = `install NVIDIA's driver ${CUDA_PROVIDER.leastDriver} or newer; in a container it comes from the host: docker run --gpus all ...`;

/** @param library the driver's own library, if it was found */
export async function examineDriver(environment: CudaEnvironment, library: CudaLibrary | undefined): Promise<DriverState> {
  const answer = await askDriver(environment);
  const visible = visibleDevices(answer.devices, environment.variables['CUDA_VISIBLE_DEVICES']);
  const devices = visible.map(({ name, memoryMiB }, id) => ({ id, name, memoryMiB }));
  const nodes = (await environment.list('/dev')).filter((name) => /^(nvidia\d+|dxg)$/.test(name));
  return { driver: answer.driver, devices, findings: [driverFinding(answer, library), devicesFinding(environment, answer, visible, nodes, library)] };
}

async function askDriver(environment: CudaEnvironment): Promise<DriverAnswer> {
  const smi =
    (await environment.run('nvidia-smi', ['--query-gpu=uuid,memory.total,driver_version,compute_cap,name', '--format=csv,noheader,nounits'])) ??
    (await environment.run('/usr/lib/wsl/lib/nvidia-smi', ['--query-gpu=uuid,memory.total,driver_version,compute_cap,name', '--format=csv,noheader,nounits']));
  if (smi?.code === 0) {
    const rows = smi.stdout.split('\n').filter((line) => line.trim() !== '').map((line) => line.split(',').map((cell) => cell.trim()));
    const devices = rows.map(([uuid = '', memory = '', , capability = '', ...name]) => ({ uuid, name: name.join(', '), memoryMiB: Number(memory) || 0, capability: Number(capability) || null }));
    return { driver: rows[0]?.[2] ?? (await kernelDriver(environment)), devices, complaint: null };
  }
  const complaint = smi === null ? null : (`${smi.stdout}\n${smi.stderr}`.split('\n').find((line) => line.trim() !== '') ?? `nvidia-smi ended with ${smi.code}`).trim();
  return { driver: await kernelDriver(environment), devices: await kernelDevices(environment), complaint };
}

/** From the kernel's module itself, for containers without nvidia-smi. */
async function kernelDriver(environment: CudaEnvironment): Promise<string | null> {
  return /Kernel Module.*?\s(\d+\.\d+(?:\.\d+)?)\s/.exec((await environment.read('/proc/driver/nvidia/version')) ?? '')?.[1] ?? null;
}

async function kernelDevices(environment: CudaEnvironment): Promise<readonly InstalledDevice[]> {
  const folder = '/proc/driver/nvidia/gpus';
  const devices: InstalledDevice[] = [];
  for (const address of [...(await environment.list(folder))].sort()) {
    const text = (await environment.read(`${folder}/${address}/information`)) ?? '';
    devices.push({ uuid: /GPU UUID:\s*(\S+)/.exec(text)?.[1] ?? '', name: /Model:\s*(.+)/.exec(text)?.[1]?.trim() ?? address, memoryMiB: 0, capability: null });
  }
  return devices;
}

function driverFinding({ driver, complaint }: DriverAnswer, library: CudaLibrary | undefined): Finding {
  const subject = 'driver';
  const least = CUDA_PROVIDER.leastDriver;
  const expected = `NVIDIA driver ${least} or newer, with ${CUDA_PROVIDER.driverLibrary}`;
  if (driver === null && library === undefined) return { subject, state: 'missing', expected, found: complaint ?? 'none is installed', fix: DRIVER_FIX };
  if (complaint !== null) {
    const mismatch = /version mismatch/i.test(complaint);
    return { subject, state: 'wrong', expected, found: complaint, fix: mismatch ? 'restart the machine: the driver was updated under the running kernel module' : 'load the kernel module (modprobe nvidia), or install the driver again and restart' };
  }
  if (library === undefined) return { subject, state: 'missing', expected, found: `driver ${driver!}, but no ${CUDA_PROVIDER.driverLibrary}`, fix: 'let the container have it: NVIDIA_DRIVER_CAPABILITIES=compute,utility, or docker run --gpus all ...' };
  const found = `${driver ?? 'of unknown version'}, ${library.path}`;
  const compatible = driver === null || Number.parseInt(driver) >= least || library.path.includes('/compat/');
  return compatible ? { subject, state: 'ok', expected, found, fix: null } : { subject, state: 'wrong', expected, found, fix: `update the driver to ${least} or newer` };
}

function devicesFinding(environment: CudaEnvironment, { driver, devices }: DriverAnswer, visible: readonly InstalledDevice[], nodes: readonly string[], library: CudaLibrary | undefined): Finding {
  const subject = 'devices';
  const expected = `a GPU of compute capability ${CUDA_PROVIDER.leastComputeCapability} or newer`;
  const describe = (listed: readonly InstalledDevice[]): string => listed.map(({ name, memoryMiB }, id) => `${id}: ${name}${memoryMiB === 0 ? '' : `, ${memoryMiB} MiB`}`).join('; ');
  if (driver === null && library === undefined) return { subject, state: 'missing', expected, found: 'none without a driver', fix: null };
  if (nodes.length === 0) return { subject, state: 'missing', expected, found: 'a driver without device files: no /dev/nvidia0', fix: CONTAINER_FIX };
  if (devices.length > 0 && visible.length === 0) {
    return { subject, state: 'missing', expected, found: `CUDA_VISIBLE_DEVICES=${environment.variables['CUDA_VISIBLE_DEVICES']!} hides ${describe(devices)}`, fix: 'unset CUDA_VISIBLE_DEVICES, or set it to numbers of devices' };
  }
  if (devices.length === 0) return { subject, state: 'missing', expected, found: 'the driver lists none', fix: CONTAINER_FIX };
  const old = visible.filter(({ capability }) => capability !== null && capability < CUDA_PROVIDER.leastComputeCapability);
  if (old.length === visible.length) return { subject, state: 'wrong', expected, found: `${describe(visible)}: compute capability ${old[0]!.capability!.toFixed(1)}`, fix: `CUDA ${CUDA_PROVIDER.cudaMajor} no longer runs on it: use another GPU, or the CPU` };
  return { subject, state: 'ok', expected, found: describe(visible), fix: null };
}

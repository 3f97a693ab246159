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
const LIBRARY_FIX = 'let the container have it: NVIDIA_DRIVER_CAPABILITIES=compute,utility, or docker run --gpus all ...';
const MISMATCH_FIX = 'restart the machine: the driver was updated under the running kernel module';
const MODULE_FIX = 'load the kernel module (modprobe nvidia), or install the driver again and restart';
const DRIVER_FIX = `install NVIDIA's driver ${CUDA_PROVIDER.leastDriver} or newer; in a container it comes from the host: docker run --gpus all ...`;

/** @param library the driver's own library, if it was found */
export async function examineDriver(environment: CudaEnvironment, library: CudaLibrary | undefined): Promise<DriverState> {
  const answer = await askDriver(environment);
  const visible = visibleDevices(answer.devices, environment.variables['CUDA_VISIBLE_DEVICES']);
  const devices = visible.map(({ name, memoryMiB }, id) => ({ id, name, memoryMiB }));
  const nodes = (await environment.list('/dev')).filter((name) => /^(nvidia\d+|dxg)$/.test(name));
  const driver = driverFinding(answer, library);
  const usable = answer.driver !== null || library !== undefined;
  return { driver: answer.driver, devices, findings: [driver, usable ? devicesFinding(environment, answer.devices, visible, nodes) : WITHOUT_DRIVER] };
}

/** The name last, since it may hold commas. */
const QUERY = ['--query-gpu=uuid,memory.total,driver_version,compute_cap,name', '--format=csv,noheader,nounits'];

async function askDriver(environment: CudaEnvironment): Promise<DriverAnswer> {
  const smi = (await environment.run('nvidia-smi', QUERY)) ?? (await environment.run('/usr/lib/wsl/lib/nvidia-smi', QUERY));
  if (smi?.code === 0) {
    const rows = smi.stdout.split('\n').filter((line) => line.trim() !== '').map((line) => line.split(',').map((cell) => cell.trim()));
    const devices = rows.map(([uuid = '', memory = '', , capability = '', ...name]): InstalledDevice => {
      return { uuid, name: name.join(', '), memoryMiB: Number(memory) || 0, capability: Number(capability) || null };
    });
    return { driver: rows[0]?.[2] ?? (await kernelDriver(environment)), devices, complaint: null };
  }
  const said = smi === null ? [] : `${smi.stdout}\n${smi.stderr}`.split('\n').filter((line) => line.trim() !== '');
  const complaint = smi === null ? null : (said[0] ?? `nvidia-smi ended with ${smi.code}`).trim();
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
  const least = CUDA_PROVIDER.leastDriver;
  const finding = (state: Finding['state'], found: string, fix: string | null): Finding => {
    return { subject: 'driver', state, expected: `NVIDIA driver ${least} or newer, with ${CUDA_PROVIDER.driverLibrary}`, found, fix };
  };
  if (driver === null && library === undefined) return finding('missing', complaint ?? 'none is installed', DRIVER_FIX);
  if (complaint !== null) return finding('wrong', complaint, /version mismatch/i.test(complaint) ? MISMATCH_FIX : MODULE_FIX);
  if (library === undefined) return finding('missing', `driver ${driver!}, but no ${CUDA_PROVIDER.driverLibrary}`, LIBRARY_FIX);
  const found = `${driver ?? 'of unknown version'}, ${library.path}`;
  // NVIDIA's package cuda-compat brings a newer libcuda.so.1 for older drivers of data-centre GPUs.
  const compatible = driver === null || Number.parseInt(driver) >= least || library.path.includes('/compat/');
  return compatible ? finding('ok', found, null) : finding('wrong', found, `update the driver to ${least} or newer`);
}

function devicesFinding({ variables }: CudaEnvironment, installed: readonly InstalledDevice[], visible: readonly InstalledDevice[], nodes: readonly string[]): Finding {
  const finding = (state: Finding['state'], found: string, fix: string | null): Finding => ({ subject: 'devices', state, expected: EXPECTED_DEVICE, found, fix });
  if (nodes.length === 0) return finding('missing', 'a driver without device files: no /dev/nvidia0', CONTAINER_FIX);
  if (installed.length === 0) return finding('missing', 'the driver lists none', CONTAINER_FIX);
  if (visible.length === 0) {
    const hidden = `CUDA_VISIBLE_DEVICES=${variables['CUDA_VISIBLE_DEVICES']!} hides ${listText(installed)}`;
    return finding('missing', hidden, 'unset CUDA_VISIBLE_DEVICES, or set it to numbers of devices');
  }
  const old = visible.filter(({ capability }) => capability !== null && capability < CUDA_PROVIDER.leastComputeCapability);
  if (old.length < visible.length) return finding('ok', listText(visible), null);
  const capability = `${listText(visible)}: compute capability ${old[0]!.capability!.toFixed(1)}`;
  return finding('wrong', capability, `CUDA ${CUDA_PROVIDER.cudaMajor} no longer runs on it: use another GPU, or the CPU`);
}

const EXPECTED_DEVICE = `a GPU of compute capability ${CUDA_PROVIDER.leastComputeCapability} or newer`;
const WITHOUT_DRIVER: Finding = { subject: 'devices', state: 'missing', expected: EXPECTED_DEVICE, found: 'none without a driver', fix: null };

function listText(devices: readonly InstalledDevice[]): string {
  return devices.map(({ name, memoryMiB }, id) => `${id}: ${name}${memoryMiB === 0 ? '' : `, ${memoryMiB} MiB`}`).join('; ');
}

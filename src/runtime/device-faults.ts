import { TouchstoneError } from '../errors.js';
import type { Device } from '../records.js';

/** "cpu", "cuda:1": as a device is named on the command line. */
export function deviceLabel(device: Device): string {
  return device.kind === 'cpu' ? 'cpu' : `cuda:${device.id}`;
}

/**
 * What a failed run says about its device. 'lost': its CUDA context is broken, and nothing in this process can compute on it any more. 'memory': its memory ran
 * out, and a smaller batch may pass. null: the device is not to blame.
 */
export type DeviceFault = 'lost' | 'memory' | null;

/** How onnxruntime words what a CUDA library returned: "CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=... ; expr=...". */
const LIBRARY_FAILURE = /\b(CUDA|CUBLAS|CUDNN|CUDNN_FE|CURAND|CUFFT) failure (\d+): ([^;]*)/;

/** How it words what it finds when a kernel has been launched: "CUDA error cudaErrorLaunchFailure:unspecified launch failure". */
const KERNEL_FAILURE = /\bCUDA error (cudaError\w+):\s*([^;\n]*)/;

/** Its own words where the memory arena cannot grow, and where a copy to or from a device fails. */
const ARENA_FULL = /Failed to allocate memory for requested buffer of size (\d+)/;
const COPY_FAILED = /CUDA error executing cuda/;

/**
 * Codes that refuse one call and leave the context whole (cudaError_t of driver_types.h): invalid value, invalid configuration, invalid device function, no kernel
 * image for the device, launch out of resources, cooperative launch too large, not supported. Every other code counts as a broken context: to compute on in one would be worse
 * than to lose a device that might have recovered.
 */
const CALLS_REFUSED: ReadonlySet<number> = new Set([1, 9, 98, 209, 701, 720, 801]);
const KERNELS_REFUSED = /^cudaError(InvalidValue|InvalidConfiguration|InvalidDeviceFunction|NoKernelImageForDevice|LaunchOutOfResources|CooperativeLaunchTooLarge|NotSupported)$/;
/** The same for cuBLAS, cuDNN and cuRAND, whose codes changed between versions and whose names did not. */
const REFUSED_BY_NAME = /NOT_SUPPORTED|INVALID_VALUE|BAD_PARAM|ARCH_MISMATCH|VERSION_MISMATCH/;
const MEMORY_BY_NAME = /ALLOC(ATION)?_FAILED|out of memory/i;

export function deviceFaultOf(message: string): DeviceFault {
  if (ARENA_FULL.test(message)) return 'memory';
  const kernel = KERNEL_FAILURE.exec(message);
  if (kernel !== null) return kernel[1] === 'cudaErrorMemoryAllocation' ? 'memory' : KERNELS_REFUSED.test(kernel[1]!) ? null : 'lost';
  const failure = LIBRARY_FAILURE.exec(message);
  if (failure === null) return COPY_FAILED.test(message) ? 'lost' : null;
  const [, library, code, name] = failure;
  if (MEMORY_BY_NAME.test(name!)) return 'memory';
  const refused = library === 'CUDA' ? CALLS_REFUSED.has(Number(code)) : REFUSED_BY_NAME.test(name!);
  return refused ? null : 'lost';
}

/** The cause within what the runtime says, fit for one line: without place in its sources and host name. */
export function faultText(message: string): string {
  const full = ARENA_FULL.exec(message);
  if (full !== null) return `no room for a buffer of ${full[1]!} bytes`;
  const kernel = KERNEL_FAILURE.exec(message);
  if (kernel !== null) return `CUDA error ${kernel[1]!}: ${kernel[2]!.trim()}`;
  const failure = LIBRARY_FAILURE.exec(message);
  const line = failure === null ? message.split('\n', 1)[0]! : `${failure[1]!} failure ${failure[2]!}: ${failure[3]!}`;
  return line.trim().slice(0, 300);
}

/** A device that is of no use any more, and what the runtime said. */
export interface LostDevice {
  readonly device: Device;
  readonly reason: string;
}

/** A run failed because its device broke; other devices are left, and the same batch may be tried on them. */
export class DeviceLost extends TouchstoneError implements LostDevice {
  readonly device: Device;
  readonly reason: string;

  constructor(device: Device, reason: string, cause?: unknown) {
    super('retryable', `${deviceLabel(device)} is lost: ${reason}`, { advice: 'Run the same command again: what is done is kept, and a new process gets a new CUDA context.', cause });
    this.device = device;
    this.reason = reason;
  }
}

/** No device is left to compute on. Only a new process has a chance: a CUDA context that broke stays broken. */
export class AllDevicesLost extends TouchstoneError {
  /** What the runtime said of each. */
  readonly reasons: string;

  constructor(lost: readonly LostDevice[]) {
    const lines = lost.map(({ device, reason }) => `\n  ${deviceLabel(device)}: ${reason}`);
    super('retryable', `${lost.length === 1 ? 'the only device is lost' : `all ${lost.length} devices are lost`}${lines.join('')}`, {
      advice: 'Run the same command again: what is done is kept, and a new process gets new CUDA contexts. A device that fails again is named in the kernel log (dmesg, "Xid"): leave it out of --device.',
    });
    this.reasons = lost.map(({ reason }) => reason).join('; ');
  }
}

/** A batch did not fit into a device's memory: 'retryable', but 'io' where it is the largest of a run, tried before the first, since no other try will end otherwise. */
export class DeviceOutOfMemory extends TouchstoneError {
  readonly device: Device;
  readonly reason: string;

  constructor(device: Device, reason: string, { on = '', kind = 'retryable', cause }: { readonly on?: string; readonly kind?: 'retryable' | 'io'; readonly cause?: unknown } = {}) {
    super(kind, `${deviceLabel(device)} has run out of memory${on === '' ? '' : ` on ${on}`} (${reason})`, {
      advice: 'Lower runtime.batchTokens (--batch-tokens), or free the memory that other processes hold on the device (nvidia-smi lists them).',
      cause,
    });
    this.device = device;
    this.reason = reason;
  }

  /** The same error for whoever knows the batch. */
  onBatch(batch: string): DeviceOutOfMemory {
    return new DeviceOutOfMemory(this.device, this.reason, { on: batch, cause: this.cause });
  }
}

/** The weights of a model do not fit into a device's memory. */
export class ModelTooLarge extends TouchstoneError {
  constructor(device: Device, reason: string, cause: unknown) {
    super('io', `onnxruntime could not load the model on ${deviceLabel(device)}: ${reason}`, {
      advice: 'Its weights must fit into the memory of each device, once for every one of --workers; nvidia-smi shows what other processes hold.',
      cause,
    });
  }
}

/** What a machine has of the things CUDA takes, and what keeps it from working. */
export interface CudaDiagnosis {
  /** What the process would see as devices 0, 1, ...; empty also where nothing can be asked. */
  readonly devices: readonly CudaDevice[];
  /** Version of the kernel's driver, as "580.65.06". */
  readonly driver: string | null;
  /** Of the CUDA libraries found; the one the provider needs where several are there. */
  readonly cudaMajor: number | null;
  /** What was found of what the provider loads, each after those it needs itself. */
  readonly libraries: readonly CudaLibrary[];
  readonly findings: readonly Finding[];
  /** No finding is missing or wrong: a session may be tried. */
  readonly usable: boolean;
}

export interface CudaDevice {
  readonly id: number;
  readonly name: string;
  /** 0 where the driver does not say. */
  readonly memoryMiB: number;
}

export interface CudaLibrary {
  /** The name programs ask the loader for, as "libcublas.so.13". */
  readonly name: string;
  readonly path: string;
  /** From the file's full name or the Python package it came with; null where neither says. */
  readonly version: string | null;
  /** Whether the loader finds it by itself; the others are loaded by prepareCudaLibraries. */
  readonly onLoaderPath: boolean;
}

export interface Finding {
  readonly subject: string;
  /** optional: missing, and not needed. */
  readonly state: 'ok' | 'missing' | 'wrong' | 'optional';
  readonly expected: string;
  readonly found: string;
  /** A command, or a sentence; null where nothing is to be done. */
  readonly fix: string | null;
}

/** Whether the finding keeps CUDA from working. */
export function isFault({ state }: Pick<Finding, 'state'>): boolean {
  return state === 'missing' || state === 'wrong';
}

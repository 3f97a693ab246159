import { constants } from 'node:os';
import { errnoOf, messageOf, TouchstoneError } from '../../errors.js';
import type { CudaDiagnosis } from './diagnosis.js';
import { CUDA_PROVIDER } from './provider.js';

/** Keeps a library in the process when its handle is closed; glibc's <bits/dlfcn.h>. */
const RTLD_NODELETE = 0x1000;

/** As process.dlopen. */
export type OpenLibrary = (module: object, path: string, flags: number) => void;

/**
 * Makes the process ready for CUDA sessions in any of its threads; call it once on the main thread, before the first of them.
 *
 * Libraries outside of the loader's path are loaded here by their paths, each after those it needs. The loader takes a library that is already in the process, by its
 * name, for whatever asks for it later: the provider then finds them although LD_LIBRARY_PATH, which is read at the start of a process alone, does not name their
 * folders. Node.js loads them as it would an addon, finds none in them and closes them again; RTLD_NODELETE keeps them.
 *
 * Devices are numbered as nvidia-smi lists them, not by speed, unless CUDA_DEVICE_ORDER is set.
 * @throws TouchstoneError ('io') if a library that CUDA needs cannot be loaded
 */
export function prepareCudaLibraries({ libraries }: CudaDiagnosis, open: OpenLibrary = openWithNode): void {
  process.env['CUDA_DEVICE_ORDER'] ??= 'PCI_BUS_ID';
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  for (const { name, path } of libraries.filter(({ onLoaderPath }) => !onLoaderPath)) {
    try {
      open({ exports: {} }, path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    } catch (error) {
      const loaded = errnoOf(error) === 'ERR_DLOPEN_FAILED' && messageOf(error).startsWith('Module did not self-register');
      if (loaded || name === CUDA_PROVIDER.optionalLibrary) continue;
      throw new TouchstoneError('io', `${name} cannot be loaded from ${path}: ${messageOf(error)}`, { advice: 'touchstone doctor says what is missing.', cause: error });
    }
  }
}

const openWithNode: OpenLibrary = (module, path, flags) => {
  process.dlopen(module, path, flags);
};

import type { CudaDiagnosis } from '../../../src/runtime/cuda/diagnose.js';

/** A machine on which CUDA works, with these devices. */
export function machineWith(...names: readonly string[]): CudaDiagnosis {
  return {
    devices: names.map((name, id) => ({ id, name, memoryMiB: 81_559 })),
    driver: '580.65.06',
    cudaMajor: 13,
    libraries: [{ name: 'libcublas.so.13', path: '/cuda/libcublas.so.13', version: '13.1.0.3', onLoaderPath: true }],
    findings: [{ subject: 'driver', state: 'ok', expected: 'a driver', found: '580.65.06', fix: null }],
    usable: true,
  };
}

export const WITHOUT_DRIVER: CudaDiagnosis = {
  devices: [],
  driver: null,
  cudaMajor: 13,
  libraries: [],
  findings: [
    { subject: 'provider', state: 'ok', expected: 'the provider', found: 'the provider', fix: null },
    { subject: 'cuDNN', state: 'optional', expected: 'libcudnn.so.9', found: 'nothing', fix: 'install cuDNN' },
    { subject: 'driver', state: 'missing', expected: 'NVIDIA driver 580 or newer', found: 'no driver', fix: "install NVIDIA's driver" },
    { subject: 'devices', state: 'missing', expected: 'a GPU', found: 'none without a driver', fix: null },
  ],
  usable: false,
};

import { isFault, type CudaDiagnosis, type Finding } from './diagnosis.js';
import { examineDriver } from './driver.js';
import { thisMachine, type CudaEnvironment } from './environment.js';
import { findLibraries } from './find-libraries.js';
import { askLoader } from './loader.js';
import { CUDA_PROVIDER, examineProvider } from './provider.js';

export type { CudaDevice, CudaDiagnosis, CudaLibrary, Finding } from './diagnosis.js';

/**
 * What stands between this machine and CUDA. Only looks: files, `ldd`, `ldconfig -p`, `nvidia-smi`; nothing is loaded, and no Python is run.
 * A machine without CUDA is a diagnosis, not an error. Findings go from the hardware up: the first that is missing or wrong is the cause to name.
 */
export async function diagnoseCuda(environment: CudaEnvironment = thisMachine()): Promise<CudaDiagnosis> {
  if (environment.platform !== 'linux-x64') {
    const finding: Finding = { subject: 'platform', state: 'wrong', expected: 'linux-x64, the only one with a CUDA provider', found: environment.platform, fix: 'use the CPU here' };
    return { devices: [], driver: null, cudaMajor: null, libraries: [], findings: [finding], usable: false };
  }
  const provider = await examineProvider(environment);
  const { libraries, cudaMajor, findings } = await findLibraries(environment, await askLoader(environment));
  const driver = await examineDriver(environment, libraries.find(({ name }) => name === CUDA_PROVIDER.driverLibrary));
  const all = [...driver.findings, ...provider, ...findings];
  return { devices: driver.devices, driver: driver.driver, cudaMajor, libraries, findings: all, usable: !all.some(isFault) };
}

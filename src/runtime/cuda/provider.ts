import { join } from 'node:path';
import type { Finding } from './diagnosis.js';
import type { CudaEnvironment } from './environment.js';

/**
 * The part of onnxruntime that runs graphs on NVIDIA GPUs, which its npm package leaves out. It works with the one version of the runtime it was
 * built with: package.json pins that version for its sake.
 */
export const CUDA_PROVIDER = {
  runtimeVersion: '1.29.0',
  cudaMajor: 13,
  /** Linux of CUDA 13's libraries, https://docs.nvidia.com/cuda/cuda-toolkit-release-notes. */
  leastDriver: 580,
  leastComputeCapability: 7.5,
  /** On the npm registry; MIT licence. */
  npmPackage: { name: 'com.github.asus4.onnxruntime.linux-x64-gpu', version: '0.4.9', folder: 'Plugins/Linux/x64' },
  /** As that package has them. `mark`: a string that any build of the file for this runtime has. The shared part only passes pointers on, and has no version. */
  files: [
    { name: 'libonnxruntime_providers_cuda.so', sha256: '56cf3254b118ad837ccc4ed8f6d1b23504bbf7ef91b34cbc0b289cb7f10b3037', mark: '1.29.0' },
    { name: 'libonnxruntime_providers_shared.so', sha256: 'c6a12593396095f5670160e284c35d1700b7708cf3037b7042e2a5200ccae772', mark: 'Provider_SetHost' },
  ],
  /** What the provider asks the loader for besides the C library, each after those it needs itself. */
  libraries: ['libcudart.so.13', 'libcublasLt.so.13', 'libcublas.so.13', 'libcurand.so.10'],
  driverLibrary: 'libcuda.so.1',
  /** Loaded only where it is there; what has no other kernel (ReduceMax) refuses without it. https://github.com/microsoft/onnxruntime/pull/29252 */
  optionalLibrary: 'libcudnn.so.9',
} as const;

const SETUP = 'npm run setup:cuda';

/** Whether the provider's files lie beside the runtime's library, and belong to it. */
export async function examineProvider(environment: CudaEnvironment): Promise<readonly Finding[]> {
  const { runtimeVersion } = CUDA_PROVIDER;
  const version: Finding = {
    subject: 'onnxruntime-node',
    state: environment.runtimeVersion === runtimeVersion ? 'ok' : 'wrong',
    expected: `${runtimeVersion}, the version the CUDA provider is for`,
    found: environment.runtimeVersion,
    fix: environment.runtimeVersion === runtimeVersion ? null : 'npm ci',
  };
  return [version, ...(await Promise.all(CUDA_PROVIDER.files.map((file) => examineFile(environment, file))))];
}

type ProviderFile = (typeof CUDA_PROVIDER.files)[number];

async function examineFile(environment: CudaEnvironment, { name, sha256, mark }: ProviderFile): Promise<Finding> {
  const subject = name;
  const expected = `the file of onnxruntime ${CUDA_PROVIDER.runtimeVersion} beside onnxruntime-node's own library`;
  const path = join(environment.runtimeFolder, name);
  if ((await environment.realPath(path)) === null) return { subject, state: 'missing', expected, found: `nothing in ${environment.runtimeFolder}`, fix: SETUP };
  const found = await environment.sha256(path);
  if (found === null) return { subject, state: 'wrong', expected, found: 'a file that cannot be read', fix: SETUP };
  if (found === sha256) return { subject, state: 'ok', expected, found: `of onnxruntime ${CUDA_PROVIDER.runtimeVersion}, by its sha256`, fix: null };
  if (await environment.contains(path, Buffer.from(`\0${mark}\0`))) {
    return { subject, state: 'ok', expected, found: `another build, with ${mark} inside`, fix: null };
  }
  return { subject, state: 'wrong', expected, found: `another file, sha256 ${found.slice(0, 16)}…`, fix: SETUP };
}

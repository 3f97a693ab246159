import { describe, expect, it } from 'vitest';
import { diagnoseCuda, type CudaDiagnosis, type Finding } from '../../../src/runtime/cuda/diagnose.js';
import { BARE, changed, machine, RUNTIME_FOLDER, without, WORKSTATION, type Machine } from './machine.js';

const diagnose = (described: Machine): Promise<CudaDiagnosis> => diagnoseCuda(machine(described));
const states = ({ findings }: CudaDiagnosis): Record<string, string> => Object.fromEntries(findings.map(({ subject, state }) => [subject, state]));
const about = ({ findings }: CudaDiagnosis, subject: string): Finding => findings.find((finding) => finding.subject === subject)!;

describe('a machine with CUDA', () => {
  it('has nothing to mend: devices, driver and libraries are named with their versions', async () => {
    const diagnosis = await diagnose(WORKSTATION);
    expect(diagnosis).toMatchObject({ usable: true, driver: '580.95.05', cudaMajor: 13 });
    expect(diagnosis.devices).toEqual([
      { id: 0, name: 'NVIDIA H100 80GB HBM3', memoryMiB: 81559 },
      { id: 1, name: 'NVIDIA GeForce RTX 4090', memoryMiB: 24564 },
    ]);
    expect(diagnosis.libraries.map(({ name, version, onLoaderPath }) => [name, version, onLoaderPath])).toEqual([
      ['libcudart.so.13', '13.0.96', true],
      ['libcublasLt.so.13', '13.1.0.3', true],
      ['libcublas.so.13', '13.1.0.3', true],
      ['libcurand.so.10', '10.4.0.35', true],
      ['libcuda.so.1', '580.95.05', true],
    ]);
    expect(diagnosis.findings.filter(({ fix }) => fix !== null).map(({ subject }) => subject)).toEqual(['libcudnn.so.9']);
    expect(about(diagnosis, 'libcudnn.so.9')).toMatchObject({ state: 'optional', found: 'nothing; most operations have kernels without it, --stats top1 may have none' });
  });

  it('is diagnosed the same without ldd and without ldconfig', async () => {
    const { libraries, usable } = await diagnose(WORKSTATION);
    expect(usable).toBe(true);
    expect((await diagnose(without(WORKSTATION, /^ldd$/))).libraries).toEqual(libraries);
    const bare = await diagnose(without(WORKSTATION, /^ld/));
    expect(bare.libraries.map(({ name, path }) => [name, path])).toEqual(libraries.map(({ name, path }) => [name, path]));
    expect(bare.usable).toBe(true);
  });
});

describe('the provider', () => {
  it('that is missing, and everything else that is, is named at once', async () => {
    const diagnosis = await diagnose(without(BARE, /providers|^ldd$/));
    expect(diagnosis.usable).toBe(false);
    expect(states(diagnosis)).toEqual({
      'onnxruntime-node': 'ok',
      'libonnxruntime_providers_cuda.so': 'missing',
      'libonnxruntime_providers_shared.so': 'missing',
      'libcudart.so.13': 'missing',
      'libcublasLt.so.13': 'missing',
      'libcublas.so.13': 'missing',
      'libcurand.so.10': 'missing',
      'libcudnn.so.9': 'optional',
      driver: 'missing',
      devices: 'missing',
    });
    expect(about(diagnosis, 'libonnxruntime_providers_cuda.so')).toMatchObject({ found: `nothing in ${RUNTIME_FOLDER}`, fix: 'npm run setup:cuda' });
  });

  it('of another version of the runtime is refused, another build of the same version is not', async () => {
    const file = `${RUNTIME_FOLDER}/libonnxruntime_providers_cuda.so`;
    const older = await diagnose(changed(WORKSTATION, { files: { [file]: '\x001.27.1\0' } }));
    expect(about(older, 'libonnxruntime_providers_cuda.so')).toMatchObject({ state: 'wrong', fix: 'npm run setup:cuda' });
    expect(older.usable).toBe(false);
    const rebuilt = await diagnose(changed(WORKSTATION, { files: { [file]: 'other bytes\x001.29.0\0and more' } }));
    expect(about(rebuilt, 'libonnxruntime_providers_cuda.so')).toMatchObject({ state: 'ok', found: 'another build, with 1.29.0 inside' });
    const unreadable = await diagnoseCuda({ ...machine(WORKSTATION), sha256: () => Promise.resolve(null) });
    expect(about(unreadable, 'libonnxruntime_providers_cuda.so')).toMatchObject({ state: 'wrong', found: 'a file that cannot be read' });
    const runtime = await diagnose({ ...WORKSTATION, runtimeVersion: '1.31.0' });
    expect(about(runtime, 'onnxruntime-node')).toMatchObject({ state: 'wrong', found: '1.31.0', fix: 'npm ci' });
  });

  it('for CUDA 12 needs CUDA 12, by what ldd says of it', async () => {
    const ldd = ['libcublasLt.so.12', 'libcublas.so.12', 'libcurand.so.10', 'libcufft.so.11', 'libcudart.so.12', 'libcuda.so.1'].map((name) => `\t${name} => not found`).join('\n');
    const diagnosis = await diagnose(changed(BARE, { files: { [`${RUNTIME_FOLDER}/libonnxruntime_providers_cuda.so`]: '\x001.29.0\0' }, commands: { ldd } }));
    expect(Object.keys(states(diagnosis)).filter((subject) => subject.startsWith('libcu'))).toEqual(['libcudart.so.12', 'libcublasLt.so.12', 'libcublas.so.12', 'libcurand.so.10', 'libcufft.so.11', 'libcudnn.so.9']);
    expect(about(diagnosis, 'libcublas.so.12').fix).toContain('nvidia-cublas-cu12');
  });

  it('exists for Linux on x64 alone', async () => {
    const diagnosis = await diagnose({ ...WORKSTATION, platform: 'darwin-arm64' });
    expect(diagnosis.usable).toBe(false);
    expect(states(diagnosis)).toEqual({ platform: 'wrong' });
  });
});

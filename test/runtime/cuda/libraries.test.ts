import { describe, expect, it } from 'vitest';
import { diagnoseCuda, type CudaDiagnosis, type Finding } from '../../../src/runtime/cuda/diagnose.js';
import { changed, machine, without, WORKSTATION, type Machine } from './machine.js';

/** The workstation's driver and GPUs, without any CUDA libraries. */
const DRIVER_ONLY: Machine = changed(without(WORKSTATION, /cudart|cublas|curand|^ldd$|^ldconfig/), {
  commands: {
    ldd: ['libcublasLt.so.13', 'libcublas.so.13', 'libcurand.so.10', 'libcudart.so.13'].map((name) => `\t${name} => not found`).join('\n') + '\n\tlibcuda.so.1 => /lib/x86_64-linux-gnu/libcuda.so.1 (0x00007f00)\n',
    'ldconfig -p': '\tlibcuda.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libcuda.so.1\n',
  },
});
const CUDA_13 = ['libcudart.so.13', 'libcublasLt.so.13', 'libcublas.so.13', 'libcurand.so.10'];
const filesIn = (folder: string, names: readonly string[]): Record<string, string> => Object.fromEntries(names.map((name) => [`${folder}/${name}`, '']));

/** What NVIDIA's wheels for CUDA 13 leave in an environment. */
const wheels = (site: string): Record<string, string> => ({
  ...filesIn(`${site}/nvidia/cu13/lib`, CUDA_13),
  ...filesIn(`${site}/nvidia/cudnn/lib`, ['libcudnn.so.9']),
  ...filesIn(site, ['nvidia_cublas-13.1.1.3.dist-info/METADATA', 'nvidia_curand-10.4.0.35.dist-info/METADATA', 'nvidia_cuda_runtime-13.0.96.dist-info/METADATA', 'nvidia_cudnn_cu13-9.14.0.64.dist-info/METADATA']),
});

const diagnose = (described: Machine): Promise<CudaDiagnosis> => diagnoseCuda(machine(described));
const about = ({ findings }: CudaDiagnosis, subject: string): Finding => findings.find((finding) => finding.subject === subject)!;
const paths = ({ libraries }: CudaDiagnosis): string[] => libraries.filter(({ onLoaderPath }) => !onLoaderPath).map(({ path }) => path);

describe('CUDA libraries', () => {
  it('that are missing are named one by one, with the command that installs them', async () => {
    const diagnosis = await diagnose(DRIVER_ONLY);
    expect(diagnosis).toMatchObject({ usable: false, cudaMajor: null, libraries: [{ name: 'libcuda.so.1' }] });
    for (const name of CUDA_13) expect(about(diagnosis, name)).toMatchObject({ state: 'missing', fix: expect.stringContaining("pip install 'nvidia-cublas==13.*' 'nvidia-cuda-runtime==13.*' nvidia-curand") as string });
  });

  it.each<[string, string, Readonly<Record<string, string>>]>([
    ['an active virtual environment', '/home/me/env/lib/python3.12/site-packages', { VIRTUAL_ENV: '/home/me/env' }],
    ['an active conda environment', '/opt/conda/envs/ml/lib/python3.11/site-packages', { CONDA_PREFIX: '/opt/conda/envs/ml' }],
    ['.venv in the program’s folder', '/app/.venv/lib/python3.11/site-packages', {}],
    ['the user’s own packages', '/home/me/.local/lib/python3.13/site-packages', { HOME: '/home/me' }],
    ['the environment of the first python3 of PATH', '/srv/py/lib/python3.12/site-packages', { PATH: '/nothing:/srv/py/bin:/usr/bin' }],
    ['a Debian system', '/usr/local/lib/python3.11/dist-packages', {}],
  ])('are found among the Python packages of %s, each after those it needs', async (_, site, variables) => {
    const files = { ...wheels(site), '/srv/py/bin/python3': '', '/usr/bin/python3': '' };
    const diagnosis = await diagnose(changed(DRIVER_ONLY, { variables, files }));
    expect(diagnosis).toMatchObject({ usable: true, cudaMajor: 13 });
    expect(paths(diagnosis)).toEqual([...CUDA_13.map((name) => `${site}/nvidia/cu13/lib/${name}`), `${site}/nvidia/cudnn/lib/libcudnn.so.9`]);
    expect(diagnosis.libraries.map(({ version }) => version)).toEqual(['13.0.96', '13.1.1.3', '13.1.1.3', '10.4.0.35', '9.14.0.64', '580.95.05']);
    expect(about(diagnosis, 'libcublas.so.13').found).toBe(`13.1.1.3, ${site}/nvidia/cu13/lib/libcublas.so.13, loaded by its path`);
  });

  it('are found in the older layout of the packages too, a folder for each', async () => {
    const site = '/home/me/env/lib/python3.12/site-packages/nvidia';
    const files = { [`${site}/cuda_runtime/lib/libcudart.so.13`]: '', ...filesIn(`${site}/cublas/lib`, ['libcublasLt.so.13', 'libcublas.so.13']), [`${site}/curand/lib/libcurand.so.10`]: '' };
    const diagnosis = await diagnose(changed(DRIVER_ONLY, { variables: { VIRTUAL_ENV: '/home/me/env' }, files }));
    expect(diagnosis.usable).toBe(true);
    expect(paths(diagnosis)).toEqual([`${site}/cuda_runtime/lib/libcudart.so.13`, `${site}/cublas/lib/libcublasLt.so.13`, `${site}/cublas/lib/libcublas.so.13`, `${site}/curand/lib/libcurand.so.10`]);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['/usr/local/cuda-13.1/lib64', {}],
    ['/opt/cuda/lib64', {}],
    ['/apps/cuda/13.0/lib64', { CUDA_HOME: '/apps/cuda/13.0' }],
    ['/opt/conda/envs/ml/lib', { CONDA_PREFIX: '/opt/conda/envs/ml' }],
  ])('are found in the toolkit in %s', async (folder, variables) => {
    const diagnosis = await diagnose(changed(DRIVER_ONLY, { variables, files: filesIn(folder, CUDA_13) }));
    expect(diagnosis.usable).toBe(true);
    expect(paths(diagnosis)).toEqual(CUDA_13.map((name) => `${folder}/${name}`));
  });

  it('of the newest toolkit are taken where there are several, and what the loader finds goes before all', async () => {
    const files = { ...filesIn('/usr/local/cuda-13.0/lib64', CUDA_13), ...filesIn('/usr/local/cuda-13.10/lib64', CUDA_13), ...filesIn('/usr/local/cuda-13.2/lib64', CUDA_13) };
    expect(paths(await diagnose(changed(DRIVER_ONLY, { files })))[0]).toBe('/usr/local/cuda-13.10/lib64/libcudart.so.13');
    expect(paths(await diagnose(changed(WORKSTATION, { files })))).toEqual([]);
  });

  it('in LD_LIBRARY_PATH are the loader’s own', async () => {
    const diagnosis = await diagnose(changed(without(DRIVER_ONLY, /^ldd$/), { variables: { LD_LIBRARY_PATH: '/x:/modules/cuda/lib' }, files: filesIn('/modules/cuda/lib', CUDA_13) }));
    expect(diagnosis.usable).toBe(true);
    expect(diagnosis.libraries[0]).toEqual({ name: 'libcudart.so.13', path: '/modules/cuda/lib/libcudart.so.13', version: null, onLoaderPath: true });
  });

  it('of CUDA 12 alone are told as such, wherever they are', async () => {
    const site = '/home/me/env/lib/python3.12/site-packages/nvidia';
    const inWheels = changed(DRIVER_ONLY, { variables: { VIRTUAL_ENV: '/home/me/env' }, files: { [`${site}/cublas/lib/libcublas.so.12`]: '', [`${site}/curand/lib/libcurand.so.10`]: '' } });
    const diagnosis = await diagnose(inWheels);
    expect(diagnosis).toMatchObject({ usable: false, cudaMajor: 12 });
    expect(about(diagnosis, 'libcublas.so.13')).toMatchObject({ state: 'wrong', expected: 'CUDA 13, which the provider is for', found: `CUDA 12 only (${site}/cublas/lib/libcublas.so.12)` });
    expect(about(diagnosis, 'libcurand.so.10').state).toBe('ok');
    const onLoaderPath = changed(DRIVER_ONLY, { commands: { 'ldconfig -p': '\tlibcublas.so.12 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libcublas.so.12\n' } });
    expect(await diagnose(onLoaderPath)).toMatchObject({ usable: false, cudaMajor: 12 });
  });

  it('that are links to nothing, or for another processor, are not there', async () => {
    const broken = await diagnose(changed(DRIVER_ONLY, { links: Object.fromEntries(CUDA_13.map((name) => [`/usr/local/cuda-13.0/lib64/${name}`, `${name}.gone`])) }));
    expect(about(broken, 'libcudart.so.13').state).toBe('missing');
    const narrow = await diagnose(changed(without(DRIVER_ONLY, /^ldd$/), { files: filesIn('/lib/i386-linux-gnu', CUDA_13), commands: { 'ldconfig -p': CUDA_13.map((name) => `\t${name} (libc6) => /lib/i386-linux-gnu/${name}`).join('\n') } }));
    expect(about(narrow, 'libcudart.so.13').state).toBe('missing');
  });
});

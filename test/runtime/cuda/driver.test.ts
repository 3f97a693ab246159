import { describe, expect, it } from 'vitest';
import { diagnoseCuda, type CudaDiagnosis, type Finding } from '../../../src/runtime/cuda/diagnose.js';
import { BARE, changed, machine, without, WORKSTATION, type Machine } from './machine.js';

const diagnose = (described: Machine): Promise<CudaDiagnosis> => diagnoseCuda(machine(described));
const about = ({ findings }: CudaDiagnosis, subject: string): Finding => findings.find((finding) => finding.subject === subject)!;
const visible = async (variable: string): Promise<string[]> => (await diagnose(changed(WORKSTATION, { variables: { CUDA_VISIBLE_DEVICES: variable } }))).devices.map(({ id, name }) => `${id} ${name}`);
const H100 = 'NVIDIA H100 80GB HBM3';
const RTX = 'NVIDIA GeForce RTX 4090';

/** A container that has the kernel's files and no nvidia-smi. */
const KERNEL_FILES = {
  '/proc/driver/nvidia/version': 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (root@host)  Tue\nGCC version:  gcc\n',
  '/proc/driver/nvidia/gpus/0000:41:00.0/information': `Model: \t\t ${H100}\nIRQ:   \t\t 42\nGPU UUID: \t GPU-aaaa\n`,
};

describe('the driver', () => {
  it('that is not there is the first thing to name', async () => {
    const diagnosis = await diagnose(BARE);
    expect(diagnosis.findings[0]).toMatchObject({ subject: 'driver', state: 'missing', found: 'none is installed' });
    expect(diagnosis).toMatchObject({ driver: null, devices: [], usable: false });
  });

  it('that is too old for CUDA 13 has to be updated, unless a library of the toolkit stands in for its own', async () => {
    const commands = { 'nvidia-smi': `GPU-aaaa, 81559, 550.54.15, 9.0, ${H100}\n` };
    const old = await diagnose(changed(WORKSTATION, { commands }));
    expect(about(old, 'driver')).toMatchObject({ state: 'wrong', found: '550.54.15, /lib/x86_64-linux-gnu/libcuda.so.1', fix: 'update the driver to 580 or newer' });
    expect(old.usable).toBe(false);
    const compat = '/usr/local/cuda-13.0/compat';
    const bridged = changed(without(WORKSTATION, /^ldd$/), { commands, variables: { LD_LIBRARY_PATH: compat }, files: { [`${compat}/libcuda.so.1`]: '' } });
    expect(await diagnose(bridged)).toMatchObject({ usable: true, driver: '550.54.15' });
  });

  it('of a container without nvidia-smi is read from the kernel’s own files', async () => {
    const diagnosis = await diagnose(changed(without(WORKSTATION, /nvidia-smi/), { files: KERNEL_FILES }));
    expect(diagnosis).toMatchObject({ usable: true, driver: '580.95.05', devices: [{ id: 0, name: H100, memoryMiB: 0 }] });
  });

  it('without its library in the container is told from no driver', async () => {
    const diagnosis = await diagnose(without(WORKSTATION, /libcuda\.so|^ldd$|^ldconfig/));
    expect(about(diagnosis, 'driver')).toMatchObject({ state: 'missing', found: 'driver 580.95.05, but no libcuda.so.1', fix: expect.stringContaining('NVIDIA_DRIVER_CAPABILITIES') as string });
  });

  it('whose library lies where container runtimes or WSL put it is loaded from there', async () => {
    for (const folder of ['/usr/local/nvidia/lib64', '/usr/lib/wsl/lib']) {
      const moved = changed(without(WORKSTATION, /libcuda\.so|^ldd$|^ldconfig/), { files: { [`${folder}/libcuda.so.1`]: '' } });
      const diagnosis = await diagnose(moved);
      expect(diagnosis.usable).toBe(true);
      expect(diagnosis.libraries.at(-1)).toEqual({ name: 'libcuda.so.1', path: `${folder}/libcuda.so.1`, version: null, onLoaderPath: false });
    }
  });

  it('that does not answer is quoted', async () => {
    const failing = (stdout: string, code: number): Machine => changed(WORKSTATION, { commands: { 'nvidia-smi': { code, stdout, stderr: '' } } });
    const unloaded = await diagnose(failing("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that\nthe latest\n", 9));
    expect(about(unloaded, 'driver')).toMatchObject({ state: 'wrong', found: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that", fix: expect.stringContaining('modprobe nvidia') as string });
    const updated = await diagnose(failing('Failed to initialize NVML: Driver/library version mismatch\n', 18));
    expect(about(updated, 'driver').fix).toContain('restart the machine');
    expect(updated.usable).toBe(false);
  });
});

describe('devices', () => {
  it('without files in /dev were not given to the container', async () => {
    const diagnosis = await diagnose(without(WORKSTATION, /^\/dev\//));
    expect(about(diagnosis, 'devices')).toMatchObject({ state: 'missing', found: 'a driver without device files: no /dev/nvidia0', fix: expect.stringContaining('docker run --gpus all') as string });
    expect((await diagnose(changed(without(WORKSTATION, /^\/dev\//), { files: { '/dev/dxg': '' } }))).usable).toBe(true);
  });

  it('are those that CUDA_VISIBLE_DEVICES leaves, in its order', async () => {
    expect(await visible('1,0')).toEqual([`0 ${RTX}`, `1 ${H100}`]);
    expect(await visible('1')).toEqual([`0 ${RTX}`]);
    expect(await visible('GPU-bb')).toEqual([`0 ${RTX}`]);
    expect(await visible(' 0 , 7 , 1')).toEqual([`0 ${H100}`]);
    expect(await visible('MIG-1234,1')).toEqual(['0 MIG-1234', `1 ${RTX}`]);
  });

  it('that CUDA_VISIBLE_DEVICES hides are named with the variable', async () => {
    for (const variable of ['', '-1', 'NoDevFiles']) {
      const diagnosis = await diagnose(changed(WORKSTATION, { variables: { CUDA_VISIBLE_DEVICES: variable } }));
      expect(diagnosis).toMatchObject({ usable: false, devices: [] });
      expect(about(diagnosis, 'devices')).toMatchObject({ state: 'missing', found: `CUDA_VISIBLE_DEVICES=${variable} hides 0: ${H100}, 81559 MiB; 1: ${RTX}, 24564 MiB` });
    }
  });

  it('too old for CUDA 13 are refused where there is no other', async () => {
    const volta = 'GPU-cccc, 16384, 580.95.05, 7.0, Tesla V100-SXM2-16GB\n';
    const alone = await diagnose(changed(WORKSTATION, { commands: { 'nvidia-smi': volta } }));
    expect(about(alone, 'devices')).toMatchObject({ state: 'wrong', found: '0: Tesla V100-SXM2-16GB, 16384 MiB: compute capability 7.0' });
    const turing = await diagnose(changed(WORKSTATION, { commands: { 'nvidia-smi': `${volta}GPU-dddd, [N/A], 580.95.05, 7.5, Tesla T4\n` } }));
    expect(turing.usable).toBe(true);
    expect(turing.devices[1]).toEqual({ id: 1, name: 'Tesla T4', memoryMiB: 0 });
  });
});

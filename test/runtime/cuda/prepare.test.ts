import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CudaDiagnosis } from '../../../src/runtime/cuda/diagnose.js';
import { runtimeFolder } from '../../../src/runtime/cuda/environment.js';
import { prepareCudaLibraries } from '../../../src/runtime/cuda/prepare.js';

const BUILT = new URL('../../../dist/runtime/cuda/prepare.js', import.meta.url).href;

function diagnosis(libraries: readonly (readonly [name: string, path: string, onLoaderPath: boolean])[]): CudaDiagnosis {
  return { devices: [], driver: null, cudaMajor: 13, findings: [], usable: true, libraries: libraries.map(([name, path, onLoaderPath]) => ({ name, path, onLoaderPath, version: null })) };
}

const noAddon = (path: string): Error => Object.assign(new Error(`Module did not self-register: '${path}'.`), { code: 'ERR_DLOPEN_FAILED' });

describe('libraries outside of the loader’s path', () => {
  let order: string | undefined;
  beforeEach(() => { order = process.env['CUDA_DEVICE_ORDER']; });
  afterEach(() => {
    if (order === undefined) delete process.env['CUDA_DEVICE_ORDER'];
    else process.env['CUDA_DEVICE_ORDER'] = order;
  });

  it('are loaded in the given order, for all of the process and for good; the loader’s own are left to it', () => {
    delete process.env['CUDA_DEVICE_ORDER'];
    const opened: [string, number][] = [];
    prepareCudaLibraries(diagnosis([['libcudart.so.13', '/a/libcudart.so.13', true], ['libcublasLt.so.13', '/b/libcublasLt.so.13', false], ['libcublas.so.13', '/b/libcublas.so.13', false]]), (_, path, flags) => {
      opened.push([path, flags]);
      throw noAddon(path);
    });
    const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
    expect(opened).toEqual(['/b/libcublasLt.so.13', '/b/libcublas.so.13'].map((path) => [path, RTLD_NOW | RTLD_GLOBAL | 0x1000]));
    expect(process.env['CUDA_DEVICE_ORDER']).toBe('PCI_BUS_ID');
  });

  it('that cannot be loaded end the command by name, but for cuDNN, which need not be there', () => {
    const fail = (_: object, path: string): void => {
      throw Object.assign(new Error(`${path}: file too short`), { code: 'ERR_DLOPEN_FAILED' });
    };
    const broken = diagnosis([['libcublas.so.13', '/b/libcublas.so.13', false]]);
    expect(() => { prepareCudaLibraries(broken, fail); }).toThrow(expect.objectContaining({ kind: 'io', message: 'libcublas.so.13 cannot be loaded from /b/libcublas.so.13: /b/libcublas.so.13: file too short' }));
    expect(() => { prepareCudaLibraries(diagnosis([['libcudnn.so.9', '/b/libcudnn.so.9', false]]), fail); }).not.toThrow();
  });

  it.runIf(process.platform === 'linux')('stay in a process of Node.js that has looked for an addon in them', () => {
    const library = join(runtimeFolder(), 'libonnxruntime.so.1'); // any library that is no addon
    const libraries = JSON.stringify(diagnosis([['libonnxruntime.so.1', library, false]]));
    const script = `
      import { readFileSync } from 'node:fs';
      import { prepareCudaLibraries } from ${JSON.stringify(BUILT)};
      const mapped = () => readFileSync('/proc/self/maps', 'utf8').includes('libonnxruntime.so.1');
      const before = mapped();
      prepareCudaLibraries(${libraries});
      process.stdout.write(JSON.stringify([before, mapped()]));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([false, true]);
  });
});

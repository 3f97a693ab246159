import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { CommandAnswer, CudaEnvironment } from '../../../src/runtime/cuda/environment.js';
import { CUDA_PROVIDER } from '../../../src/runtime/cuda/provider.js';

export interface Machine {
  readonly platform?: string;
  readonly runtimeVersion?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Text by path; the provider's own files by the word 'published'. */
  readonly files?: Readonly<Record<string, string>>;
  /** Target by path. */
  readonly links?: Readonly<Record<string, string>>;
  /** Answers by command line, or by the command alone. */
  readonly commands?: Readonly<Record<string, string | CommandAnswer>>;
}

export const RUNTIME_FOLDER = '/app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64';

/** A machine that has what it is given and nothing else. */
export function machine({ platform = 'linux-x64', runtimeVersion = CUDA_PROVIDER.runtimeVersion, variables = {}, files = {}, links = {}, commands = {} }: Machine): CudaEnvironment {
  const paths = [...Object.keys(files), ...Object.keys(links)];
  const follow = (path: string): string => (links[path] === undefined ? path : follow(posix.resolve(posix.dirname(path), links[path])));
  return {
    platform,
    runtimeVersion,
    variables,
    runtimeFolder: RUNTIME_FOLDER,
    programFolder: '/app/',
    list: (folder) => {
      const prefix = folder.endsWith('/') ? folder : `${folder}/`;
      return Promise.resolve([...new Set(paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length).split('/')[0]!))]);
    },
    read: (path) => Promise.resolve(files[follow(path)] ?? null),
    realPath: (path) => Promise.resolve(files[follow(path)] === undefined ? null : follow(path)),
    sha256: (path) => {
      const text = files[follow(path)]!;
      return Promise.resolve(text === 'published' ? CUDA_PROVIDER.files.find(({ name }) => path.endsWith(name))!.sha256 : createHash('sha256').update(text).digest('hex'));
    },
    contains: (path, bytes) => Promise.resolve(Buffer.from(files[follow(path)]!).includes(bytes)),
    run: (command, args) => {
      const answer = commands[[command, ...args].join(' ')] ?? commands[command];
      return Promise.resolve(answer === undefined ? null : typeof answer === 'string' ? { code: 0, stdout: answer, stderr: '' } : answer);
    },
  };
}

/** What differs is put over what is the same, one level deep. */
export function changed(base: Machine, change: Machine): Machine {
  return {
    ...base,
    ...change,
    variables: { ...base.variables, ...change.variables },
    files: { ...base.files, ...change.files },
    links: { ...base.links, ...change.links },
    commands: { ...base.commands, ...change.commands },
  };
}

/** The same without the files, links and commands whose names match. */
export function without(base: Machine, pattern: RegExp): Machine {
  const keep = <Value>(record: Readonly<Record<string, Value>> = {}): Readonly<Record<string, Value>> => Object.fromEntries(Object.entries(record).filter(([name]) => !pattern.test(name)));
  return { ...base, files: keep(base.files), links: keep(base.links), commands: keep(base.commands) };
}

const SMI = 'GPU-aaaa, 81559, 580.95.05, 9.0, NVIDIA H100 80GB HBM3\nGPU-bbbb, 24564, 580.95.05, 8.9, NVIDIA GeForce RTX 4090\n';

const PROVIDER_FILES = Object.fromEntries(CUDA_PROVIDER.files.map(({ name }) => [`${RUNTIME_FOLDER}/${name}`, 'published']));

/** Two GPUs, a driver and CUDA 13 installed as a toolkit that the loader knows. */
export const WORKSTATION: Machine = {
  variables: { PATH: '/usr/bin:/bin' },
  files: {
    ...PROVIDER_FILES,
    '/usr/local/cuda-13.0/lib64/libcudart.so.13.0.96': '',
    '/usr/local/cuda-13.0/lib64/libcublasLt.so.13.1.0.3': '',
    '/usr/local/cuda-13.0/lib64/libcublas.so.13.1.0.3': '',
    '/usr/local/cuda-13.0/lib64/libcurand.so.10.4.0.35': '',
    '/lib/x86_64-linux-gnu/libcuda.so.580.95.05': '',
    '/dev/nvidia0': '',
    '/dev/nvidia1': '',
    '/dev/nvidiactl': '',
  },
  links: {
    '/usr/local/cuda-13.0/lib64/libcudart.so.13': 'libcudart.so.13.0.96',
    '/usr/local/cuda-13.0/lib64/libcublasLt.so.13': 'libcublasLt.so.13.1.0.3',
    '/usr/local/cuda-13.0/lib64/libcublas.so.13': 'libcublas.so.13.1.0.3',
    '/usr/local/cuda-13.0/lib64/libcurand.so.10': 'libcurand.so.10.4.0.35',
    '/lib/x86_64-linux-gnu/libcuda.so.1': 'libcuda.so.580.95.05',
  },
  commands: {
    'nvidia-smi': SMI,
    ldd: [
      '\tlinux-vdso.so.1 (0x00007fc2d5608000)',
      '\tlibcublasLt.so.13 => /usr/local/cuda-13.0/lib64/libcublasLt.so.13 (0x00007f0000000000)',
      '\tlibcublas.so.13 => /usr/local/cuda-13.0/lib64/libcublas.so.13 (0x00007f0000000000)',
      '\tlibcurand.so.10 => /usr/local/cuda-13.0/lib64/libcurand.so.10 (0x00007f0000000000)',
      '\tlibcudart.so.13 => /usr/local/cuda-13.0/lib64/libcudart.so.13 (0x00007f0000000000)',
      '\tlibcuda.so.1 => /lib/x86_64-linux-gnu/libcuda.so.1 (0x00007f0000000000)',
      '\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0000000000)',
      '\t/lib64/ld-linux-x86-64.so.2 (0x00007fc2d560a000)',
    ].join('\n'),
    'ldconfig -p': [
      '900 libs found in cache `/etc/ld.so.cache\'',
      '\tlibcudart.so.13 (libc6,x86-64) => /usr/local/cuda-13.0/lib64/libcudart.so.13',
      '\tlibcublasLt.so.13 (libc6,x86-64) => /usr/local/cuda-13.0/lib64/libcublasLt.so.13',
      '\tlibcublas.so.13 (libc6,x86-64) => /usr/local/cuda-13.0/lib64/libcublas.so.13',
      '\tlibcurand.so.10 (libc6,x86-64) => /usr/local/cuda-13.0/lib64/libcurand.so.10',
      '\tlibcuda.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libcuda.so.1',
      '\tlibcuda.so.1 (libc6) => /lib/i386-linux-gnu/libcuda.so.1',
    ].join('\n'),
  },
};

const NOTHING_FOUND = ['libcublasLt.so.13', 'libcublas.so.13', 'libcurand.so.10', 'libcudart.so.13', 'libcuda.so.1'].map((name) => `\t${name} => not found`).join('\n');

/** The provider is there; no CUDA, no driver, no GPU. */
export const BARE: Machine = { variables: { PATH: '/usr/bin:/bin' }, files: PROVIDER_FILES, commands: { ldd: NOTHING_FOUND, 'ldconfig -p': '\tlibc.so.6 (libc6,x86-64) => /lib/x86_64-linux-gnu/libc.so.6\n' } };

import { join } from 'node:path';
import type { CudaEnvironment } from './environment.js';
import { CUDA_PROVIDER } from './provider.js';

/** What the system's loader says: path by library name, null where it finds none. */
export interface LoaderAnswer {
  /** What the provider needs; empty where the provider is not there yet, or nothing could ask the loader. */
  readonly needed: ReadonlyMap<string, string | null>;
  /** Every 64-bit library of its cache and of LD_LIBRARY_PATH; names with a version only. */
  readonly known: ReadonlyMap<string, string>;
}

/** Folders the loader of glibc always searches, for machines without ldconfig. */
const STANDARD_FOLDERS = ['/lib64', '/usr/lib64', '/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu', '/lib', '/usr/lib'];

/** `ldd` of the provider where there is one, and everything else the loader knows. */
export async function askLoader(environment: CudaEnvironment): Promise<LoaderAnswer> {
  const provider = join(environment.runtimeFolder, CUDA_PROVIDER.files[0].name);
  const answer = (await environment.realPath(provider)) === null ? null : await environment.run('ldd', [provider]);
  return { needed: answer === null ? new Map() : parseLdd(answer.stdout), known: await knownLibraries(environment) };
}

/** Lines such as "libcublas.so.13 => not found" and "libcudart.so.13 => /path (0x00007f...)". */
export function parseLdd(output: string): ReadonlyMap<string, string | null> {
  const lines = [...output.matchAll(/^\s*(\S+) => (not found|\S+)/gm)];
  return new Map(lines.map(([, name, path]) => [name!, path === 'not found' ? null : path!]));
}

async function knownLibraries(environment: CudaEnvironment): Promise<ReadonlyMap<string, string>> {
  const known = new Map<string, string>();
  const add = (name: string, path: string): void => {
    if (/\.so\.\d+$/.test(name) && !known.has(name)) known.set(name, path);
  };
  for (const folder of searchPath(environment.variables['LD_LIBRARY_PATH'])) {
    for (const name of await environment.list(folder)) add(name, join(folder, name));
  }
  const cache = (await environment.run('ldconfig', ['-p'])) ?? (await environment.run('/sbin/ldconfig', ['-p']));
  for (const [, name, path] of (cache?.stdout ?? '').matchAll(/^\s*(\S+) \([^)]*x86-64[^)]*\) => (\S.*)$/gm)) add(name!, path!);
  if (cache !== null && known.size > 0) return known;
  for (const folder of STANDARD_FOLDERS) {
    for (const name of await environment.list(folder)) add(name, join(folder, name));
  }
  return known;
}

export function searchPath(variable: string | undefined): readonly string[] {
  return (variable ?? '').split(/[:;]/).filter((folder) => folder.startsWith('/'));
}

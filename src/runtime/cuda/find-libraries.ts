import { join } from 'node:path';
import type { CudaLibrary, Finding } from './diagnosis.js';
import type { CudaEnvironment } from './environment.js';
import { libraryFolders, type LibraryFolder } from './library-folders.js';
import type { LoaderAnswer } from './loader.js';
import { CUDA_PROVIDER } from './provider.js';

export interface FoundLibraries {
  readonly libraries: readonly CudaLibrary[];
  readonly cudaMajor: number | null;
  readonly findings: readonly Finding[];
}

/** What the provider at hand asks the loader for; as published where it is not there yet or nothing can ask. */
interface Needs {
  readonly names: readonly string[];
  readonly cudaMajor: number;
}

/**
 * Looks for what the provider loads: where the loader looks, then where CUDA is usually installed. The driver's library is among the libraries, not among
 * the findings.
 */
export async function findLibraries(environment: CudaEnvironment, loader: LoaderAnswer): Promise<FoundLibraries> {
  const folders = await libraryFolders(environment);
  const names = new Map(await Promise.all(folders.map(async ({ folder }) => [folder, await environment.list(folder)] as const)));
  const find = async (name: string): Promise<CudaLibrary | null> => {
    const known = loader.needed.get(name) ?? (loader.needed.has(name) ? undefined : loader.known.get(name));
    if (known !== undefined && (await environment.realPath(known)) !== null) {
      return { name, path: known, version: await versionOf(environment, known, name, []), onLoaderPath: true };
    }
    for (const { folder, packages } of folders) {
      const path = join(folder, name);
      if (!names.get(folder)!.includes(name) || (await environment.realPath(path)) === null) continue;
      return { name, path, version: await versionOf(environment, path, name, packages), onLoaderPath: false };
    }
    return null;
  };

  const { driverLibrary, optionalLibrary } = CUDA_PROVIDER;
  const needs = needsOf(loader);
  const needed = await Promise.all(needs.names.map(find));
  const optional = await find(optionalLibrary);
  const all = [...needed, optional, await find(driverLibrary)].filter((library) => library !== null);
  const present = needed.some((library) => library?.name.endsWith(`.so.${needs.cudaMajor}`) === true);
  const other = present ? null : otherMajor(needs, loader, folders, names);
  return {
    libraries: all,
    cudaMajor: present ? needs.cudaMajor : (other?.major ?? null),
    findings: [...needs.names.map((name, at) => neededFinding(name, needs, needed[at]!, other)), optionalFinding(optionalLibrary, needs, optional)],
  };
}

const NEEDED = /^lib(cudart|cublasLt|cublas|curand|cufft|cudnn)\.so\.(\d+)$/;

function needsOf({ needed }: LoaderAnswer): Needs {
  const order = (name: string): number => CUDA_PROVIDER.libraries.findIndex((known) => stemOf(known) === stemOf(name)) >>> 0; // others last
  const names = [...needed.keys()].filter((name) => NEEDED.test(name)).sort((a, b) => order(a) - order(b));
  const runtime = names.find((name) => stemOf(name) === 'cudart');
  if (runtime === undefined) return { names: CUDA_PROVIDER.libraries, cudaMajor: CUDA_PROVIDER.cudaMajor };
  return { names, cudaMajor: majorOf(runtime) };
}

/** "cublas" of "libcublas.so.13". */
const stemOf = (name: string): string => name.slice('lib'.length, name.indexOf('.'));
const majorOf = (name: string): number => Number(name.split('.').at(-1));

interface OtherCuda {
  readonly major: number;
  readonly path: string;
}

/** A CUDA of another major version: the usual reason why everything seems to be there and nothing loads. */
function otherMajor({ cudaMajor }: Needs, loader: LoaderAnswer, folders: readonly LibraryFolder[], names: ReadonlyMap<string, readonly string[]>): OtherCuda | null {
  const paths = [...loader.known.values(), ...folders.flatMap(({ folder }) => names.get(folder)!.map((name) => join(folder, name)))];
  const found = paths.flatMap((path) => {
    const major = /\/lib(?:cublas|cublasLt|cudart)\.so\.(\d+)$/.exec(path)?.[1];
    return major === undefined || Number(major) === cudaMajor ? [] : [{ major: Number(major), path }];
  });
  return found.sort((a, b) => b.major - a.major)[0] ?? null;
}

function neededFinding(name: string, { cudaMajor }: Needs, library: CudaLibrary | null, other: OtherCuda | null): Finding {
  const expected = `CUDA ${cudaMajor}, which the provider is for`;
  const fix = librariesFix(cudaMajor);
  if (library !== null) return { subject: name, state: 'ok', expected, found: describe(library), fix: null };
  if (other === null) return { subject: name, state: 'missing', expected, found: 'not on the loader path, in no toolkit and in no Python environment', fix };
  return { subject: name, state: 'wrong', expected, found: `CUDA ${other.major} only (${other.path})`, fix };
}

/** NVIDIA's Python packages need no root and no toolkit; .venv in this program's folder is found without being activated. */
function librariesFix(cudaMajor: number): string {
  const packages =
    cudaMajor >= 13
      ? [`'nvidia-cublas==${cudaMajor}.*'`, `'nvidia-cuda-runtime==${cudaMajor}.*'`, 'nvidia-curand', `nvidia-cudnn-cu${cudaMajor}`]
      : ['cublas', 'cuda-runtime', 'curand', 'cudnn'].map((part) => `nvidia-${part}-cu${cudaMajor}`);
  return `python3 -m venv .venv && .venv/bin/pip install ${packages.join(' ')}`;
}

function optionalFinding(name: string, { cudaMajor }: Needs, library: CudaLibrary | null): Finding {
  if (library !== null) return { subject: name, state: 'ok', expected: 'cuDNN 9', found: describe(library), fix: null };
  const found = 'nothing; most operations have kernels without it, --stats top1 may have none';
  return { subject: name, state: 'optional', expected: 'cuDNN 9', found, fix: librariesFix(cudaMajor) };
}

function describe({ path, version, onLoaderPath }: CudaLibrary): string {
  return `${version === null ? '' : `${version}, `}${path}${onLoaderPath ? '' : ', loaded by its path'}`;
}

/** Which package of NVIDIA's a library comes in, without the ending -cu12 or -cu13. */
const PACKAGES: Readonly<Record<string, string>> = { cudart: 'cuda_runtime', cublas: 'cublas', cublasLt: 'cublas', curand: 'curand', cudnn: 'cudnn' };

async function versionOf(environment: CudaEnvironment, path: string, name: string, packages: readonly string[]): Promise<string | null> {
  const full = /\.so\.(\d+(?:\.\d+)+)$/.exec((await environment.realPath(path)) ?? '')?.[1];
  if (full !== undefined) return full;
  const candidates = packages.flatMap((entry) => {
    const [, part, version] = /^nvidia_(\w+?)(?:_cu\d+)?-(.+)\.dist-info$/.exec(entry) ?? [];
    return part === PACKAGES[stemOf(name)] ? [version!] : [];
  });
  return candidates.find((version) => version.startsWith(`${majorOf(name)}.`)) ?? null;
}

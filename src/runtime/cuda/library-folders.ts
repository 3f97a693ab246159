import { dirname, join } from 'node:path';
import type { CudaEnvironment } from './environment.js';
import { searchPath } from './loader.js';

/** A folder the loader does not search by itself, in which CUDA libraries are usual. */
export interface LibraryFolder {
  readonly folder: string;
  /** Names of the Python packages installed beside it, as "nvidia_cublas-13.1.1.3.dist-info"; empty for other folders. */
  readonly packages: readonly string[];
}

/** The driver's library where container runtimes and WSL put it. */
const DRIVER_FOLDERS = ['/usr/local/nvidia/lib64', '/usr/lib/wsl/lib', '/run/opengl-driver/lib'];

/** In the order in which they are to be searched: named by the user, a Python environment, the toolkit's usual places. */
export async function libraryFolders(environment: CudaEnvironment): Promise<readonly LibraryFolder[]> {
  const { CUDA_HOME, CUDA_PATH, CONDA_PREFIX } = environment.variables;
  const toolkits = await foldersIn(environment, '/usr/local', /^cuda(-[\d.]+)?$/);
  const plain = [
    ...[CUDA_HOME, CUDA_PATH, ...newestFirst(toolkits), '/opt/cuda'].filter(given).flatMap((root) => [join(root, 'lib64'), join(root, 'targets/x86_64-linux/lib')]),
    ...(given(CONDA_PREFIX) ? [join(CONDA_PREFIX, 'lib'), join(CONDA_PREFIX, 'targets/x86_64-linux/lib')] : []),
    ...DRIVER_FOLDERS,
  ];
  return [...(await wheelFolders(environment)), ...plain.map((folder) => ({ folder, packages: [] }))];
}

/**
 * The folders of NVIDIA's Python packages: site-packages/nvidia/cu13/lib since CUDA 13, nvidia/cublas/lib before it, nvidia/cudnn/lib still. Python is not run: an
 * environment is named by a variable, lies in this program's folder as .venv, or is that of the python3 which a shell would find.
 */
async function wheelFolders(environment: CudaEnvironment): Promise<readonly LibraryFolder[]> {
  const { VIRTUAL_ENV, CONDA_PREFIX, PATH, HOME } = environment.variables;
  const prefixes = [
    VIRTUAL_ENV,
    CONDA_PREFIX,
    join(environment.programFolder, '.venv'),
    await prefixOfPython(environment, PATH),
    given(HOME) ? join(HOME, '.local') : undefined,
    '/usr/local',
    '/usr',
  ];
  const sites: string[] = [];
  for (const prefix of new Set(prefixes.filter(given))) {
    for (const python of await foldersIn(environment, join(prefix, 'lib'), /^python3[\d.]*$/)) sites.push(join(python, 'site-packages'), join(python, 'dist-packages'));
  }
  const found: LibraryFolder[] = [];
  for (const site of sites) {
    const parts = await environment.list(join(site, 'nvidia'));
    if (parts.length === 0) continue;
    const packages = (await environment.list(site)).filter((name) => /^nvidia_.*\.dist-info$/.test(name));
    found.push(...parts.map((part) => ({ folder: join(site, 'nvidia', part, 'lib'), packages })));
  }
  return found;
}

async function prefixOfPython(environment: CudaEnvironment, path: string | undefined): Promise<string | undefined> {
  for (const folder of searchPath(path)) {
    if ((await environment.list(folder)).includes('python3')) return dirname(folder);
  }
  return undefined;
}

async function foldersIn(environment: CudaEnvironment, folder: string, pattern: RegExp): Promise<readonly string[]> {
  return (await environment.list(folder)).filter((name) => pattern.test(name)).map((name) => join(folder, name));
}

const given = (text: string | undefined): text is string => text !== undefined && text !== '';
const newestFirst = (folders: readonly string[]): readonly string[] => [...folders].sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** Each with the libraries it calls into. The provider only asks for the last two to be there. */
const LIBRARIES: readonly (readonly [name: string, source: string | null, ...needs: string[]])[] = [
  ['libcudart.so.13', 'cudart.c'],
  ['libcublas.so.13', 'cublas.c', 'libcudart.so.13'],
  ['libcublasLt.so.13', 'cublaslt.c'],
  ['libcurand.so.10', null],
  ['libcuda.so.1', null],
];

/**
 * Compiles the stand-in for NVIDIA's libraries into a folder, to be named in LD_LIBRARY_PATH.
 * @throws if there is no C compiler
 */
export function buildStandIn(folder: string): void {
  for (const [name, source, ...needs] of LIBRARIES) {
    // The provider asks for symbols of a version that has the library's name.
    const versions = join(folder, `${name}.map`);
    writeFileSync(versions, `${name} { global: *; };\n`);
    const input = source === null ? ['-xc', '/dev/null'] : [here(source)];
    execFileSync('cc', [
      '-O1', '-shared', '-fPIC', '-pthread', '-o', join(folder, name), ...input, '-xnone', `-Wl,-soname,${name}`, `-Wl,--version-script=${versions}`, '-Wl,-rpath,$ORIGIN',
      ...needs.map((needed) => join(folder, needed)),
    ], { stdio: ['ignore', 'inherit', 'inherit'] });
  }
}

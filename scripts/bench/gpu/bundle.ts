/**
 * Puts everything the GPU bench needs into one folder, for a machine that has CUDA 13 and a Python with PyTorch and transformers, and neither npm nor a network:
 * the bench as one program, this Node, and onnxruntime-node, with the CUDA provider where `npm run setup:cuda` has put it beside.
 *
 *   npx tsx scripts/bench/gpu/bundle.ts gpu-bench        # here
 *   TOUCHSTONE_PYTHON=python3 gpu-bench/node gpu-bench/gpu.mjs --pipeline none     # there
 */
import { copyFile, cp, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const [out] = process.argv.slice(2);
if (out === undefined) throw new Error('usage: bundle.ts FOLDER');
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: [here('../gpu.ts')],
  outdir: out,
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  outExtension: { '.js': '.mjs' },
  external: ['onnxruntime-node', 'tokenizers'],
  // Packages in CommonJS ask for Node's own modules by require.
  banner: { js: "import { createRequire as requireIn } from 'node:module'; const require = requireIn(import.meta.url);" },
  logLevel: 'warning',
});
await copyFile(here('pytorch.py'), join(out, 'pytorch.py'));
await copyFile(process.execPath, join(out, 'node'));
const runtime = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
const common = createRequire(runtime).resolve('onnxruntime-common');
const rootOf = (file: string, name: string): string => file.slice(0, file.lastIndexOf(join('node_modules', name)) + join('node_modules', name).length);
await mkdir(join(out, 'node_modules'), { recursive: true });
for (const [name, folder] of [['onnxruntime-node', dirname(runtime)], ['onnxruntime-common', rootOf(common, 'onnxruntime-common')]] as const) {
  await cp(folder, join(out, 'node_modules', name), { recursive: true, dereference: true, filter: (path) => !/[/\\](win32|darwin|arm64)([/\\]|$)/.test(path) });
}

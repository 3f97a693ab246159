/**
 * Puts the CUDA provider of the pinned onnxruntime-node beside its library, and then asks the doctor. Linux on x64; about 180 MB are fetched, 230 MB stay.
 *
 * usage: npm run setup:cuda [-- --from FILE.tgz | --remove]
 * --from: the package as a file, for machines without a registry. --remove: takes the provider away again.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exitCodeOf } from '../../src/cli/exit-codes.js';
import { reportError } from '../../src/cli/report-error.js';
import { messageOf, TouchstoneError } from '../../src/errors.js';
import { runtimeFolder } from '../../src/runtime/cuda/environment.js';
import { CUDA_PROVIDER } from '../../src/runtime/cuda/provider.js';
import { runtimeVersion } from '../../src/runtime/version.js';
import { fetchPackage } from './fetch-package.js';
import { cannotWrite, installFiles, lackingFiles, removeFiles } from './provider-files.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SCRATCH = '.cuda-setup-';
const MEGABYTE = 1e6;
/** The archive, and the files taken out of it. */
const FETCHED_BYTES = 180 * MEGABYTE;
const INSTALLED_BYTES = 230 * MEGABYTE;

const say = (word: string, text: string): void => {
  process.stdout.write(`${word.padEnd(11)}${text}\n`);
};

interface Wish {
  readonly from: string | undefined;
  readonly remove: boolean;
}

function parseWish(): Wish {
  try {
    const { from, remove } = parseArgs({ options: { from: { type: 'string' }, remove: { type: 'boolean', default: false } } }).values;
    if (from !== undefined && remove) throw new Error('--from and --remove exclude each other');
    return { from: from === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? process.cwd(), from), remove };
  } catch (error) {
    throw new TouchstoneError('usage', messageOf(error), { advice: 'npm run setup:cuda [-- --from FILE.tgz | --remove]', cause: error });
  }
}

function checkPlatform(): void {
  const platform = `${process.platform}-${process.arch}`;
  if (platform !== 'linux-x64') {
    throw new TouchstoneError('usage', `the CUDA provider exists for linux-x64 only, this is ${platform}`, { advice: 'The CPU needs no setup: touchstone doctor.' });
  }
  const version = runtimeVersion();
  if (version === CUDA_PROVIDER.runtimeVersion) return;
  throw new TouchstoneError('usage', `the CUDA provider is for onnxruntime-node ${CUDA_PROVIDER.runtimeVersion}, installed is ${version}`, {
    advice: 'npm ci installs the version this program is made for.',
  });
}

async function install(from: string | undefined, folder: string): Promise<void> {
  const { files, npmPackage } = CUDA_PROVIDER;
  if ((await lackingFiles(folder, files)).length === 0) {
    say('unchanged', 'the provider is there, by its sha256');
    return;
  }
  await checkSpace(folder, INSTALLED_BYTES + (from === undefined ? FETCHED_BYTES : 0));
  const scratch = await mkdtemp(join(folder, SCRATCH)).catch((error: unknown) => { throw cannotWrite(folder, error); });
  try {
    if (from === undefined) say('fetching', `${npmPackage.name}@${npmPackage.version} with npm, ${FETCHED_BYTES / MEGABYTE} MB`);
    const tarball = from ?? (await fetchPackage(npmPackage.name, npmPackage.version, scratch, ROOT));
    await installFiles({ tarball, folder: npmPackage.folder }, files, folder, scratch);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  for (const { name, sha256 } of files) say('installed', `${name}, sha256 ${sha256.slice(0, 16)}…`);
}

async function checkSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  throw new TouchstoneError('io', `${folder} needs ${Math.ceil(needed / MEGABYTE)} MB, its file system has ${Math.floor(free / MEGABYTE)} MB free`, {
    advice: 'Free some, or keep node_modules elsewhere.',
  });
}

/** What a setup that was killed has left. */
async function removeScratch(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith(SCRATCH));
  await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true, force: true }))).catch((error: unknown) => { throw cannotWrite(folder, error); });
}

async function main(): Promise<void> {
  const { from, remove } = parseWish();
  checkPlatform();
  const folder = runtimeFolder();
  say('folder', relative(ROOT, folder).startsWith('..') ? folder : relative(ROOT, folder));
  await removeScratch(folder);
  if (remove) {
    const removed = await removeFiles(folder, CUDA_PROVIDER.files);
    say('removed', removed.length === 0 ? 'nothing: the provider was not there' : removed.join(', '));
    return;
  }
  await install(from, folder);
  process.stdout.write('\n');
  process.exitCode = spawnSync(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'doctor'], { stdio: 'inherit' }).status ?? 70;
}

try {
  await main();
} catch (error) {
  reportError(error);
  process.exitCode = exitCodeOf(error);
}

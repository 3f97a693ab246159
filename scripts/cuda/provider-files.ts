import { createHash } from 'node:crypto';
import { open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, messageOf, TouchstoneError } from '../../src/errors.js';
import { hashFile } from '../../src/stream/file-hash.js';
import { readTarball, type FileSink } from './tarball.js';

export interface ProviderFile {
  readonly name: string;
  readonly sha256: string;
}

export interface ProviderSource {
  /** Path of a .tgz. */
  readonly tarball: string;
  /** Where the files are in it. */
  readonly folder: string;
}

/** Which of the files are not in the folder as they should be. */
export async function lackingFiles(folder: string, files: readonly ProviderFile[]): Promise<readonly ProviderFile[]> {
  const lacking: ProviderFile[] = [];
  for (const file of files) {
    const path = join(folder, file.name);
    const there = await stat(path).catch(() => null);
    if (there === null || (await hashFile(path)).sha256 !== file.sha256) lacking.push(file);
  }
  return lacking;
}

/**
 * Takes the files out of the archive and puts them into the folder: under temporary names in `scratch`, which must be on the same file system, until each is whole
 * and has its sha256; then all get their names.
 * @throws TouchstoneError ('io') if the archive lacks one or has another; then nothing has changed in the folder
 */
export async function installFiles({ tarball, folder: within }: ProviderSource, files: readonly ProviderFile[], folder: string, scratch: string): Promise<void> {
  const unseen = new Set(files);
  await readTarball(tarball, async (name) => {
    const file = files.find((candidate) => name === `package/${within}/${candidate.name}`);
    if (file === undefined) return null;
    unseen.delete(file);
    return await checkedSink(join(scratch, file.name), file, tarball);
  });
  const [missing] = unseen;
  if (missing !== undefined) {
    throw new TouchstoneError('io', `${tarball} must have the file package/${within}/${missing.name}, and has not`, { advice: 'It is another package, or another version of it.' });
  }
  // The provider last: what is looked for first is there only when everything is.
  for (const { name } of files.toReversed()) await rename(join(scratch, name), join(folder, name));
}

/** Removes the files; answers the names of those that were there. */
export async function removeFiles(folder: string, files: readonly ProviderFile[]): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const { name } of files) {
    const path = join(folder, name);
    if ((await stat(path).catch(() => null)) === null) continue;
    await rm(path).catch((error: unknown) => { throw cannotWrite(folder, error); });
    removed.push(name);
  }
  return removed;
}

async function checkedSink(path: string, { name, sha256 }: ProviderFile, tarball: string): Promise<FileSink> {
  const handle = await open(path, 'w', 0o755).catch((error: unknown) => { throw cannotWrite(path, error); });
  const hash = createHash('sha256');
  return {
    async write(chunk) {
      hash.update(chunk);
      await handle.writeFile(chunk).catch((error: unknown) => { throw cannotWrite(path, error); });
    },
    async end() {
      await handle.sync().catch((error: unknown) => { throw cannotWrite(path, error); });
      await handle.close();
      const found = hash.digest('hex');
      if (found === sha256) return;
      throw new TouchstoneError('io', `${name} in ${tarball} must have the sha256 ${sha256}, and has ${found}`, {
        advice: 'Nothing was installed. The archive is damaged, or not the one this version of the program knows: fetch it again.',
      });
    },
  };
}

/** A failure to write below onnxruntime-node, with what to do about it. */
export function cannotWrite(path: string, error: unknown): TouchstoneError {
  const code = errnoOf(error);
  const advice =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'Free 500 MB on the file system of node_modules.'
      : code === 'EACCES' || code === 'EPERM' || code === 'EROFS'
        ? 'Run it as the user who owns node_modules, on a file system that can be written to; in a container, while its image is built.'
        : 'The file system of node_modules refused it.';
  return new TouchstoneError('io', `cannot write ${path}: ${messageOf(error)}`, { advice, cause: error });
}

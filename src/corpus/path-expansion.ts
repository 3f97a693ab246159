import { type Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import glob, { type Options } from 'fast-glob';
import { errnoOf, messageOf, TouchstoneError } from '../errors.js';
import { readError } from '../stream/file-chunks.js';

/** File system requests under way at once. */
const CONCURRENCY = 64;

/** What a path stands for; all paths absolute, in no particular order. */
export interface ExpandedPath {
  readonly files: readonly string[];
  /** Run folders of this program that were met on the way. What they hold came from a corpus and is none. */
  readonly runs: readonly string[];
}

/**
 * The files that a file, folder or glob stands for, whatever they are called; names beginning with a dot and everything in run folders are left out of
 * folders and globs. Throws TouchstoneError: 'usage' for a path that does not exist, 'io' for a folder that cannot be read.
 */
export async function expandPath(path: string): Promise<ExpandedPath> {
  const location = resolve(path);
  const runs = new Set<string>();
  try {
    const files = (await stat(location)).isDirectory() ? await filesBelow(location, runs) : [location];
    return { files, runs: [...runs] };
  } catch (cause) {
    if (cause instanceof TouchstoneError) throw cause;
    const code = errnoOf(cause);
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ENAMETOOLONG') throw readError(location, cause);
  }
  const pattern = sep === '\\' ? location.replaceAll('\\', '/') : location;
  if (!glob.isDynamicPattern(pattern)) throw new TouchstoneError('usage', `the corpus path ${path} does not exist`);
  const options = { absolute: true, onlyFiles: false, markDirectories: true, fs: { readdir: corpusReaddir(runs) } };
  const entries = await glob(pattern, options).catch((cause: unknown) => {
    throw new TouchstoneError('io', `cannot expand the corpus pattern ${path}: ${messageOf(cause)}`, { cause });
  });
  const below = await mapConcurrently(entries, (entry) => (entry.endsWith('/') ? filesBelow(resolve(entry), runs) : [resolve(entry)]));
  return { files: below.flat(), runs: [...runs] };
}

/** As src/run lays them out: the files of a run would be read as documents, and grow while it is scored. */
function isRunFolder(entries: readonly Dirent[]): boolean {
  return entries.some((entry) => entry.name === 'plan.json' && entry.isFile()) && entries.some((entry) => entry.name === 'commits' && entry.isDirectory());
}

/** Absolute paths of all files below a folder, hidden names and run folders left out; these are added to `runs`. `above`: real paths of the folders on the way, so that a link to one of them ends. */
async function filesBelow(folder: string, runs: Set<string>, above: readonly string[] = []): Promise<string[]> {
  let entries: Dirent[];
  let real: string;
  try {
    real = await realpath(folder);
    if (above.includes(real)) return [];
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw readError(folder, cause);
  }
  if (isRunFolder(entries)) {
    runs.add(folder);
    return [];
  }
  const visible = entries.filter((entry) => !entry.name.startsWith('.'));
  const below = await mapConcurrently(visible, async (entry) => {
    const location = join(folder, entry.name);
    // A link that leads nowhere is kept: if it is named like a corpus file, reading its size reports it.
    const isFolder = entry.isSymbolicLink() ? await stat(location).then((found) => found.isDirectory(), () => false) : entry.isDirectory();
    return isFolder ? filesBelow(location, runs, [...above, real]) : [location];
  });
  return below.flat();
}

/**
 * The directory reader for one walk of fast-glob, by the rules of filesBelow: a folder that a link has led back to looks empty, and so does a run folder. Without the
 * first, two such links make the walk exponential.
 */
function corpusReaddir(runs: Set<string>): WalkReaddir {
  const onTheWay = new Map<string, readonly string[]>();
  const read = async (folder: string): Promise<Dirent[]> => {
    const above = onTheWay.get(dirname(folder)) ?? [];
    const real = await realpath(folder);
    if (above.includes(real)) return [];
    onTheWay.set(folder, [...above, real]);
    const entries = await readdir(folder, { withFileTypes: true });
    if (!isRunFolder(entries)) return entries;
    runs.add(folder);
    return [];
  };
  const readdirCallback = (folder: string, _options: { withFileTypes: true }, callback: (error: NodeJS.ErrnoException | null, entries: Dirent[]) => void): void => {
    read(resolve(folder)).then((entries) => { callback(null, entries); }, (error: unknown) => { callback(error as NodeJS.ErrnoException, []); });
  };
  // The walker's type also has a form without file types, which it uses on Node versions before 10.10 only.
  return readdirCallback as unknown as WalkReaddir;
}

type WalkReaddir = NonNullable<NonNullable<Options['fs']>['readdir']>;

/** Maps in slices of 64, in order. */
export async function mapConcurrently<A, B>(values: readonly A[], map: (value: A) => B | Promise<B>): Promise<B[]> {
  const mapped: B[] = [];
  for (let i = 0; i < values.length; i += CONCURRENCY) mapped.push(...(await Promise.all(values.slice(i, i + CONCURRENCY).map(map))));
  return mapped;
}

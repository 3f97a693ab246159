import { type Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import glob from 'fast-glob';
import { errnoOf, messageOf, TouchstoneError } from '../errors.js';
import { readError } from '../stream/file-chunks.js';
import { type CorpusFile, corpusSuffixes, formatOf, readableSize } from './corpus-file.js';

/** File system requests under way at once. */
const CONCURRENCY = 64;

export interface CorpusSearch {
  /** Files, folders (everything below them) and globs; relative paths are resolved from the working directory. */
  readonly paths: readonly string[];
}

export interface FoundCorpus {
  /** The folder all files lie in; recorded names are relative to it. */
  readonly root: string;
  /** Sorted by recorded name (by code unit, whatever the file system's order or the locale), each file once. */
  readonly files: readonly CorpusFile[];
  /** Absolute paths of files passed over in folders and globs because their name is not a corpus file's; sorted. */
  readonly ignored: readonly string[];
}

/**
 * The corpus files that paths, folders and globs stand for. Names beginning with a dot are left out of folders and globs. Links are followed.
 * Throws TouchstoneError: 'usage' for a path or pattern that stands for no corpus file, 'io' for a file or folder that cannot be read.
 */
export async function findCorpusFiles({ paths }: CorpusSearch): Promise<FoundCorpus> {
  if (paths.length === 0) throw new TouchstoneError('usage', 'the corpus names no files', { advice: 'Give at least one file, folder or glob.' });
  const locations = new Set<string>();
  const ignored = new Set<string>();
  for (const path of paths) {
    const found = await expand(path);
    const accepted = found.filter((location) => formatOf(location) !== undefined);
    if (accepted.length === 0) throw nothingFound(path, found);
    for (const location of found) (formatOf(location) === undefined ? ignored : locations).add(location);
  }
  const root = commonFolder([...locations]);
  const files = await mapConcurrently([...locations], async (location): Promise<CorpusFile> => {
    const path = relative(root, location).split(sep).join('/');
    return { path, location, bytes: await readableSize(location), format: formatOf(location)! };
  });
  return { root, files: files.sort((a, b) => compareCodeUnits(a.path, b.path)), ignored: [...ignored].sort(compareCodeUnits) };
}

/** Absolute paths of the files one argument stands for, corpus files or not. */
async function expand(path: string): Promise<string[]> {
  const location = resolve(path);
  try {
    return (await stat(location)).isDirectory() ? await filesBelow(location) : [location];
  } catch (cause) {
    if (cause instanceof TouchstoneError) throw cause;
    const code = errnoOf(cause);
    if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'ENAMETOOLONG') throw readError(location, cause);
  }
  const pattern = sep === '\\' ? location.replaceAll('\\', '/') : location;
  if (!glob.isDynamicPattern(pattern)) throw new TouchstoneError('usage', `the corpus path ${path} does not exist`);
  const entries = await glob(pattern, { absolute: true, onlyFiles: false, markDirectories: true }).catch((cause: unknown) => {
    throw new TouchstoneError('io', `cannot expand the corpus pattern ${path}: ${messageOf(cause)}`, { cause });
  });
  const below = await mapConcurrently(entries, (entry) => (entry.endsWith('/') ? filesBelow(resolve(entry)) : [resolve(entry)]));
  return below.flat();
}

/** Absolute paths of all files below a folder, hidden names left out. `above`: real paths of the folders on the way, so that a link to one of them ends. */
async function filesBelow(folder: string, above: readonly string[] = []): Promise<string[]> {
  let entries: Dirent[];
  let real: string;
  try {
    real = await realpath(folder);
    if (above.includes(real)) return [];
    entries = await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw readError(folder, cause);
  }
  const visible = entries.filter((entry) => !entry.name.startsWith('.'));
  const below = await mapConcurrently(visible, async (entry) => {
    const location = join(folder, entry.name);
    // A link that leads nowhere is kept: if it is named like a corpus file, reading its size reports it.
    const isFolder = entry.isSymbolicLink() ? await stat(location).then((found) => found.isDirectory(), () => false) : entry.isDirectory();
    return isFolder ? filesBelow(location, [...above, real]) : [location];
  });
  return below.flat();
}

function nothingFound(path: string, found: readonly string[]): TouchstoneError {
  const advice = `Corpus files end in ${corpusSuffixes.join(', ')}.`;
  if (found.length === 0) return new TouchstoneError('usage', `${path} holds no files, expected at least one corpus file`, { advice });
  if (found.length === 1 && found[0] === resolve(path)) return new TouchstoneError('usage', `${path} is not a corpus file by its name`, { advice });
  const names = found.slice(0, 3).map((location) => basename(location));
  const more = found.length > names.length ? ` and ${found.length - names.length} more` : '';
  return new TouchstoneError('usage', `${path} holds no corpus file, only ${names.join(', ')}${more}`, { advice });
}

/** The longest folder that holds every one of the files. */
function commonFolder(locations: readonly string[]): string {
  let common = dirname(locations[0]!);
  for (const location of locations) {
    while (!location.startsWith(common.endsWith(sep) ? common : common + sep)) common = dirname(common);
  }
  return common;
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function mapConcurrently<A, B>(values: readonly A[], map: (value: A) => B | Promise<B>): Promise<B[]> {
  const mapped: B[] = [];
  for (let i = 0; i < values.length; i += CONCURRENCY) mapped.push(...(await Promise.all(values.slice(i, i + CONCURRENCY).map(map))));
  return mapped;
}

import { realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { TouchstoneError } from '../errors.js';
import { readError } from '../stream/file-chunks.js';
import { type CorpusFile, corpusSuffixes, formatOf, statReadable } from './corpus-file.js';
import { expandPath, mapConcurrently, type ExpandedPath } from './path-expansion.js';

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
  /** Absolute paths of run folders that folders and globs hold, whose files are left out; sorted. */
  readonly runs: readonly string[];
}

/**
 * The corpus files that paths, folders and globs stand for. Names beginning with a dot, and run folders, are left out of folders and globs. Links are followed, and
 * a file that they give several paths is found once.
 * Throws TouchstoneError: 'usage' for a path or pattern that stands for no corpus file, 'io' for a file or folder that cannot be read.
 */
export async function findCorpusFiles({ paths }: CorpusSearch): Promise<FoundCorpus> {
  if (paths.length === 0) throw new TouchstoneError('usage', 'the corpus names no files', { advice: 'Give at least one file, folder or glob.' });
  const locations = new Set<string>();
  const ignored = new Set<string>();
  const runs = new Set<string>();
  for (const path of paths) {
    const found = await expandPath(path);
    const accepted = found.files.filter((location) => formatOf(location) !== undefined);
    if (accepted.length === 0) throw nothingFound(path, found);
    for (const run of found.runs) runs.add(run);
    for (const location of found.files) (formatOf(location) === undefined ? ignored : locations).add(location);
  }
  const distinct = await withoutAliases([...locations]);
  const root = commonFolder(distinct);
  const files = await mapConcurrently(distinct, async (location): Promise<CorpusFile> => {
    const path = relative(root, location).split(sep).join('/');
    return { path, location, ...(await statReadable(location)), format: formatOf(location)! };
  });
  return {
    root,
    files: files.sort((a, b) => compareCodeUnits(a.path, b.path)),
    ignored: (await withoutAliases([...ignored])).sort(compareCodeUnits),
    runs: [...runs].sort(compareCodeUnits),
  };
}

/**
 * One path for each file of each folder: links between folders give a file many paths, in a loop without end. The shortest is kept, and among
 * equals the first by code unit. Two names for one content, as in a cache of links, are two files.
 */
async function withoutAliases(locations: readonly string[]): Promise<string[]> {
  const folders = [...new Set(locations.map((location) => dirname(location)))];
  const real = new Map(await mapConcurrently(folders, async (folder) => [folder, await realFolder(folder)] as const));
  const chosen = new Map<string, string>();
  for (const location of locations.toSorted((a, b) => a.length - b.length || compareCodeUnits(a, b))) {
    const identity = join(real.get(dirname(location))!, basename(location));
    if (!chosen.has(identity)) chosen.set(identity, location);
  }
  return [...chosen.values()];
}

async function realFolder(folder: string): Promise<string> {
  return realpath(folder).catch((cause: unknown) => {
    throw readError(folder, cause);
  });
}

function nothingFound(path: string, { files: found, runs }: ExpandedPath): TouchstoneError {
  const advice = `Corpus files end in ${corpusSuffixes.join(', ')}.`;
  if (found.length === 0 && runs.length > 0) return new TouchstoneError('usage', `${path} holds no corpus file, only what runs left behind: ${runs[0]!} is a run folder`, { advice });
  if (found.length === 0) return new TouchstoneError('usage', `${path} holds no files, expected at least one corpus file`, { advice });
  if (found.length === 1 && found[0] === resolve(path)) return new TouchstoneError('usage', `${path} is not a corpus file by its name`, { advice });
  const names = found.slice(0, 3).map((location) => basename(location));
  const more = found.length > names.length ? ` and ${found.length - names.length} more` : '';
  return new TouchstoneError('usage', `${path} holds no corpus file, only ${names.join(', ')}${more}`, { advice });
}

/** The longest folder that holds every one of the files; the root of the first where there is none (drives of Windows). */
function commonFolder(locations: readonly string[]): string {
  let common = dirname(locations[0]!);
  for (const location of locations) {
    while (!location.startsWith(common.endsWith(sep) ? common : common + sep) && common !== dirname(common)) common = dirname(common);
  }
  return common;
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

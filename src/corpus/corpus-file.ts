import { type FileHandle, access, constants, stat } from 'node:fs/promises';
import { TouchstoneError } from '../errors.js';
import { openFile, readError } from '../stream/file-chunks.js';

export type CorpusFormat = 'jsonl' | 'jsonl.gz' | 'jsonl.zst' | 'parquet' | 'txt';

/** One input file, as a plan records it. */
export interface CorpusFile {
  /** Recorded name: relative to the common folder of the corpus, '/' between folders, unique in the corpus. */
  readonly path: string;
  /** Absolute path on this machine. */
  readonly location: string;
  /** Size on disk. */
  readonly bytes: number;
  readonly format: CorpusFormat;
}

/**
 * Longest suffix first. A bare .json is one JSON value by convention and not accepted; .json.gz and .json.zst are: large
 * public corpora (C4, Dolma) name their JSON Lines so.
 */
const FORMATS: readonly (readonly [suffix: string, format: CorpusFormat])[] = [
  ...['.jsonl', '.ndjson', '.jsonlines', '.json'].flatMap((lines) => [
    [`${lines}.gz`, 'jsonl.gz'] as const,
    [`${lines}.zst`, 'jsonl.zst'] as const,
    [`${lines}.zstd`, 'jsonl.zst'] as const,
  ]),
  ['.jsonl', 'jsonl'],
  ['.ndjson', 'jsonl'],
  ['.jsonlines', 'jsonl'],
  ['.parquet', 'parquet'],
  ['.txt', 'txt'],
];

/** The endings of corpus files, for messages. */
export const corpusSuffixes: readonly string[] = FORMATS.map(([suffix]) => suffix);

/** The format a file's name promises, whatever its case; undefined for names that are not corpus files. */
export function formatOf(name: string): CorpusFormat | undefined {
  const lower = name.toLowerCase();
  return FORMATS.find(([suffix]) => lower.endsWith(suffix))?.[1];
}

/** Size of a regular, readable file in bytes. Throws TouchstoneError 'io' for anything else. */
export async function readableSize(location: string): Promise<number> {
  try {
    const found = await stat(location);
    if (!found.isFile()) throw new TouchstoneError('io', `${location} is not a regular file`);
    await access(location, constants.R_OK);
    return found.size;
  } catch (cause) {
    throw cause instanceof TouchstoneError ? cause : readError(location, cause);
  }
}

/** Opens a planned file; whoever opens it closes it. Throws TouchstoneError 'io' if its size is not the planned one. */
export async function openCorpusFile(file: CorpusFile): Promise<FileHandle> {
  const handle = await openFile(file.location);
  const size = await handle.stat().then((found) => found.size, () => undefined);
  if (size === file.bytes) return handle;
  await handle.close();
  throw new TouchstoneError('io', `${file.location} has ${size ?? 'an unknown number of'} bytes, expected ${file.bytes}: it changed since the corpus was listed`, {
    advice: 'Put the planned file back, or start a new run over the corpus as it is now.',
  });
}

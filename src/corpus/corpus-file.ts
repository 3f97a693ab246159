import type { BigIntStats } from 'node:fs';
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
  /** Which file this was, and when it was last written, as the file system says; a file with another stamp is not opened. Absent = not compared. */
  readonly stamp?: string;
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

/** Size and stamp of a regular, readable file. Throws TouchstoneError 'io' for anything else. */
export async function statReadable(location: string): Promise<{ readonly bytes: number; readonly stamp: string }> {
  try {
    const found = await stat(location, { bigint: true });
    if (!found.isFile()) throw new TouchstoneError('io', `${location} is not a regular file`);
    await access(location, constants.R_OK);
    return { bytes: Number(found.size), stamp: stampOf(found) };
  } catch (cause) {
    throw cause instanceof TouchstoneError ? cause : readError(location, cause);
  }
}

function stampOf({ ino, mtimeNs }: BigIntStats): string {
  return `${ino}/${mtimeNs}`;
}

/** Opens a planned file; whoever opens it closes it. Throws TouchstoneError 'io' if it is not the file that was listed, or was written since. */
export async function openCorpusFile(file: CorpusFile): Promise<FileHandle> {
  const handle = await openFile(file.location);
  try {
    refuseChanged(file, await handle.stat({ bigint: true }));
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Throws TouchstoneError 'io' if the file was written or replaced since it was listed: what was read of it then is not what the plan names. */
export async function assertUnchanged(file: CorpusFile): Promise<void> {
  refuseChanged(file, await stat(file.location, { bigint: true }).catch((cause: unknown) => {
    throw readError(file.location, cause);
  }));
}

function refuseChanged({ location, bytes, stamp }: CorpusFile, found: BigIntStats): void {
  const advice = 'Put the planned file back, or start a new run over the corpus as it is now.';
  if (Number(found.size) !== bytes) throw new TouchstoneError('io', `${location} has ${found.size} bytes, expected ${bytes}: it changed since the corpus was listed`, { advice });
  if (stamp === undefined || stamp === stampOf(found)) return;
  throw new TouchstoneError('io', `${location} was written or replaced since the corpus was listed and hashed, expected it to stay as it was`, { advice });
}

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { TouchstoneError } from '../errors.js';
import type { ByteSink } from '../stream/byte-sink.js';
import { commitFile, finishCommit, type CommitFileOptions, type CommittedFile } from './atomic-file.js';
import { commitSchema, type Commit, type RunFile } from './commit-record.js';
import { hashFile, type FileHash } from './file-hash.js';
import { readRecord, type RecordRead } from './json-record.js';
import { commitPath } from './layout.js';
import { setFileAside } from './set-aside.js';
import { TemporaryFile } from './temporary-file.js';

export interface UnitFileOptions {
  /** As in CommitFileOptions. */
  readonly verify?: (temporaryPath: string) => Promise<void>;
  /** Aborting before the file has its name, also while it waits for a record, discards it and throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** How long a file that differs and has no commit record is given for its record to appear. Default 10,000 ms. */
  readonly graceMs?: number;
}

export interface UnitFile<T> extends CommittedFile<T> {
  /** What the commit record says of the file. */
  readonly file: RunFile;
}

/** Time between two looks for the record of another process. */
const POLL_MS = 100;

/**
 * Commits one file of a unit (`name` from layout.ts, relative to the run folder). A file under that name with other bytes was left by an attempt that
 * was killed before its commit record: on another processor or with another number of threads the last bits of a loss may differ. It counts for
 * nothing without a record, so it is moved aside and this attempt takes its place. Where a record appears within the grace, its process is alive
 * and was first: a retryable error says so, and nothing is moved.
 */
export async function commitUnitFile<T>(
  run: string,
  unit: number,
  name: string,
  write: (sink: ByteSink) => Promise<T>,
  options: UnitFileOptions = {},
): Promise<UnitFile<T>> {
  const committed = await commitFile(join(run, name), write, recordDecides(run, unit, name, options));
  return { ...committed, file: { path: name, sha256: committed.sha256, bytes: committed.bytes } };
}

/** One file of a unit that is written over time, by the rule of `commitUnitFile`. */
export interface OpenUnitFile {
  readonly sink: ByteSink;
  /** Gives the file its name. Throws as `commitUnitFile` does, and has then discarded what was written. */
  close(): Promise<RunFile>;
  /** Removes what was written. Never throws. */
  discard(): Promise<void>;
}

/** Opens a file of a unit for writing. Whoever opens it closes or discards it. */
export async function openUnitFile(run: string, unit: number, name: string, options: UnitFileOptions = {}): Promise<OpenUnitFile> {
  const file = await TemporaryFile.create(join(run, name), options.signal);
  return {
    sink: file.sink,
    async close() {
      try {
        const { sha256, bytes } = await finishCommit(file, recordDecides(run, unit, name, options));
        return { path: name, sha256, bytes };
      } catch (error) {
        await file.discard();
        throw error;
      }
    },
    discard: () => file.discard(),
  };
}

function recordDecides(run: string, unit: number, name: string, { graceMs = 10_000, ...rest }: UnitFileOptions): CommitFileOptions {
  return {
    ...rest,
    onDifferent: async (existing, written) => {
      const record = await awaitRecord(run, unit, graceMs, rest.signal);
      if (record.kind !== 'missing') throw alreadyCommitted(unit, name, existing, written);
      await setFileAside(run, name, async (moved) => (await hashFile(moved)).sha256 === existing.sha256);
    },
  };
}

/** The record of a unit once it is there or the grace is over. Throws the signal's reason once it is aborted. */
async function awaitRecord(run: string, unit: number, graceMs: number, signal: AbortSignal | undefined): Promise<RecordRead<Commit>> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const record = await readRecord(commitPath(run, unit), commitSchema, 'sealed');
    if (record.kind !== 'missing' || waitedMs >= graceMs) return record;
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    signal?.throwIfAborted();
  }
}

function alreadyCommitted(unit: number, name: string, existing: FileHash, written: FileHash): TouchstoneError {
  return new TouchstoneError(
    'retryable',
    `unit ${unit} has a commit record already, and its ${name} has other bytes: sha256 ${existing.sha256}, this attempt wrote ${written.sha256}`,
    { advice: 'The unit stays as it was committed. Run the same command again to go on with the others.' },
  );
}

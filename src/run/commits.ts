import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { TouchstoneError, errnoOf } from '../errors.js';
import { writeOnce } from './atomic-file.js';
import { accountingFault, commitSchema, type Commit, type RunFile } from './commit-record.js';
import { fileSize, hashFile } from './file-hash.js';
import { ioError } from './io-error.js';
import { firstIssue, readRecord } from './json-record.js';
import { commitName, commitPath, commitsFolder, unitOfCommitName } from './layout.js';
import { planHash, type Plan } from './plan-record.js';
import { sealRecord } from './sealed-record.js';
import { setFileAside } from './set-aside.js';

export type { Commit, DocumentCounts, RunFile } from './commit-record.js';

/** A file of commits/ that does not make its unit done. */
export interface CommitProblem {
  /** null where the file's name is not that of a unit. */
  readonly unit: number | null;
  /** The record, relative to the run folder. */
  readonly path: string;
  /** What is wrong, naming expectation and value found. */
  readonly message: string;
  /** sha256 of the record as it was judged. */
  readonly recordSha256: string | null;
  /** Files the record vouches for that are missing or of another size. */
  readonly damaged: readonly RunFile[];
}

export interface Commits {
  /** By unit, ascending. */
  readonly committed: ReadonlyMap<number, Commit>;
  readonly problems: readonly CommitProblem[];
}

/** Records that are read at the same time: hides the latency of network file systems. */
const READS_AT_ONCE = 32;

/**
 * Makes a unit done. The first record wins: 'existing' says that another process has committed the same shard, whose record is returned. Throws an
 * internal error where the record's own accounts do not hold, and a retryable one where a file it names is not there or another record stands.
 */
export async function writeCommit(run: string, commit: Commit): Promise<{ readonly outcome: 'created' | 'existing'; readonly commit: Commit }> {
  const checked = commitSchema.safeParse(commit);
  const fault = checked.success ? accountingFault(commit) : firstIssue(checked.error);
  if (fault !== undefined) throw new TouchstoneError('internal', `the commit record of unit ${commit.unit} is wrong: ${fault}`);
  const absent = (await damagedFiles(run, commit))[0];
  if (absent !== undefined) throw changedUnderHand(commit.unit, absent.message);

  const bytes = sealRecord(commit);
  const path = commitPath(run, commit.unit);
  let standing = commit;
  const { outcome } = await writeOnce(path, (sink) => sink(bytes), {
    onExisting: async () => {
      const read = await readRecord(path, commitSchema, 'sealed');
      if (read.kind === 'missing') return 'retry';
      if (read.kind === 'damaged') throw changedUnderHand(commit.unit, `a damaged record is in the way: ${read.problem}`);
      if (read.value.planHash !== commit.planHash || read.value.shard.sha256 !== commit.shard.sha256) {
        throw changedUnderHand(commit.unit, `another record stands, for a shard of sha256 ${read.value.shard.sha256}; this one is for ${commit.shard.sha256}`);
      }
      standing = read.value;
      return 'keep';
    },
  });
  return { outcome: outcome === 'created' ? 'created' : 'existing', commit: standing };
}

function changedUnderHand(unit: number, message: string): TouchstoneError {
  return new TouchstoneError('retryable', `unit ${unit} could not be committed: ${message}`, {
    advice: 'Run the same command again: it keeps what is whole, moves what is damaged aside and computes what is missing.',
  });
}

/**
 * Reads every record of the run. A unit is committed where its record is whole, belongs to this plan, keeps its accounts, and the files it vouches
 * for exist with the sizes it gives (verifying re-hashes them; reading trusts the size). Everything else is a problem, and its unit is not
 * committed. Hidden files are attempts of other processes and are passed over.
 */
export async function readCommits(run: string, plan: Plan): Promise<Commits> {
  const hash = planHash(plan);
  const names = (await listCommits(run)).filter((name) => !name.startsWith('.')).sort();
  const found = await mapInGroups(names, READS_AT_ONCE, (name) => readCommit(run, name, plan, hash));
  const committed = new Map<number, Commit>();
  const problems: CommitProblem[] = [];
  for (const entry of found.sort((a, b) => (a?.unit ?? -1) - (b?.unit ?? -1))) {
    if (entry === undefined) continue;
    if ('message' in entry) problems.push(entry);
    else committed.set(entry.unit, entry);
  }
  return { committed, problems };
}

/** The units of the plan that no valid record covers, ascending. */
export function pendingUnits(plan: Plan, committed: ReadonlyMap<number, Commit>): number[] {
  return plan.corpus.units.map((unit) => unit.index).filter((unit) => !committed.has(unit));
}

/**
 * Clears the way for computing a unit again: moves the damaged files and then the record into stale/, and returns where they are. In this order a
 * process killed in between leaves a record without its shard, which is found again; the other order would leave a damaged shard nobody knows of.
 * Safe beside other processes: a file that has been made good in the meantime is put back.
 */
export async function setProblemAside(run: string, problem: CommitProblem): Promise<string[]> {
  if (problem.unit === null) return [];
  const moved: (string | undefined)[] = [];
  for (const file of problem.damaged) {
    moved.push(await setFileAside(run, file.path, async (path) => (await fileSize(path)) !== file.bytes));
  }
  moved.push(await setFileAside(run, problem.path, async (path) => (await hashFile(path)).sha256 === problem.recordSha256));
  return moved.filter((path) => path !== undefined);
}

async function readCommit(run: string, fileName: string, plan: Plan, hash: string): Promise<Commit | CommitProblem | undefined> {
  const unit = unitOfCommitName(fileName);
  const path = `commits/${fileName}`;
  const problem = (message: string, recordSha256: string | null, damaged: readonly RunFile[] = []): CommitProblem => ({
    unit: unit ?? null,
    path,
    message: `${path}: ${message}`,
    recordSha256,
    damaged,
  });
  if (unit === undefined) return problem(`the name must be that of a unit, like ${commitName(7).slice('commits/'.length)}`, null);
  const read = await readRecord(join(run, path), commitSchema, 'sealed');
  if (read.kind === 'missing') return undefined; // moved aside since the folder was listed
  if (read.kind === 'damaged') return problem(read.problem, read.sha256);
  const commit = read.value;
  const units = plan.corpus.units.length;
  const fault =
    commit.unit !== unit
      ? `the unit must be ${unit} as in the file's name, got ${commit.unit}`
      : commit.planHash !== hash
        ? `the plan hash must be ${hash}, got ${commit.planHash}`
        : unit >= units
          ? `the unit must be below ${units}, the units of the plan`
          : rowsFault(commit, plan) ?? accountingFault(commit);
  if (fault !== undefined) return problem(fault, read.sha256);
  const damaged = await damagedFiles(run, commit);
  if (damaged.length === 0) return commit;
  return problem(
    damaged.map((entry) => entry.message).join('; '),
    read.sha256,
    damaged.map((entry) => entry.file),
  );
}

function rowsFault(commit: Commit, plan: Plan): string | undefined {
  if (plan.windows.layout !== 'document' || commit.rows === commit.documents.scored) return undefined;
  return `rows must be the ${commit.documents.scored} documents scored, got ${commit.rows}`;
}

/** The files of a commit that are missing or of another size. */
async function damagedFiles(run: string, commit: Commit): Promise<{ readonly file: RunFile; readonly message: string }[]> {
  const damaged: { file: RunFile; message: string }[] = [];
  for (const file of commit.quarantine === null ? [commit.shard] : [commit.shard, commit.quarantine]) {
    const size = await fileSize(join(run, file.path));
    if (size === undefined) damaged.push({ file, message: `${file.path} is missing` });
    else if (size !== file.bytes) damaged.push({ file, message: `${file.path} must have ${file.bytes} bytes, has ${size}` });
  }
  return damaged;
}

async function listCommits(run: string): Promise<string[]> {
  try {
    return await readdir(commitsFolder(run));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw ioError('read the folder', commitsFolder(run), error);
  }
}

/** Maps in order, `size` at a time. */
async function mapInGroups<A, B>(items: readonly A[], size: number, map: (item: A) => Promise<B>): Promise<B[]> {
  const mapped: B[] = [];
  for (let start = 0; start < items.length; start += size) mapped.push(...(await Promise.all(items.slice(start, start + size).map(map))));
  return mapped;
}

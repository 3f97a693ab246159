import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { TouchstoneError, errnoOf } from '../errors.js';
import { writeOnce } from './atomic-file.js';
import { commitFiles, type CommitFiles } from './commit-files.js';
import { accountingFault, commitSchema, type Commit } from './commit-record.js';
import { fileSize, hashFile } from './file-hash.js';
import { ioError } from './io-error.js';
import { firstIssue, readRecord } from './json-record.js';
import { damagedFiles, judgeCommit, strangeName, type CommitProblem } from './judge-commit.js';
import { commitPath, commitsFolder, quarantineName, shardName, unitOfCommitName } from './layout.js';
import { planHash, type Plan } from './plan-record.js';
import { sealRecord } from './sealed-record.js';
import { setFileAside } from './set-aside.js';

export type { Commit, DocumentCounts, RunFile } from './commit-record.js';
export type { CommitProblem } from './judge-commit.js';

export interface Commits {
  /** By unit, ascending. */
  readonly committed: ReadonlyMap<number, Commit>;
  readonly problems: readonly CommitProblem[];
}

/**
 * Makes a unit done. The first record wins: 'existing' says that another process has committed the same shard, whose record is returned. Throws an
 * internal error where the record's own accounts do not hold, and a retryable one where a file it names is not there or another record stands.
 */
export async function writeCommit(run: string, commit: Commit): Promise<{ readonly outcome: 'created' | 'existing'; readonly commit: Commit }> {
  const checked = commitSchema.safeParse(commit);
  const fault = checked.success ? accountingFault(commit) : firstIssue(checked.error);
  if (fault !== undefined) throw new TouchstoneError('internal', `the commit record of unit ${commit.unit} is wrong: ${fault}`);
  const absent = damagedFiles(commit, await sizesOf(run, commit.unit))[0];
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
  const units = names.flatMap((name) => unitOfCommitName(name) ?? []).sort((a, b) => a - b);
  const problems = names.filter((name) => unitOfCommitName(name) === undefined).map(strangeName);
  const committed = new Map<number, Commit>();
  for await (const found of commitFiles(run, units)) {
    const judged = judgeCommit(found, plan, hash);
    if (judged === undefined) continue; // moved aside since the folder was listed
    if ('message' in judged) problems.push(judged);
    else committed.set(judged.unit, judged);
  }
  return { committed, problems };
}

/** The commit of one unit by the rules of `readCommits`; undefined where the unit is not committed. */
export async function readUnitCommit(run: string, plan: Plan, unit: number): Promise<Commit | undefined> {
  for await (const found of commitFiles(run, [unit])) {
    const judged = judgeCommit(found, plan, planHash(plan));
    if (judged !== undefined && !('message' in judged)) return judged;
  }
  return undefined;
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

async function sizesOf(run: string, unit: number): Promise<Pick<CommitFiles, 'shardBytes' | 'quarantineBytes'>> {
  return { shardBytes: await fileSize(join(run, shardName(unit))), quarantineBytes: await fileSize(join(run, quarantineName(unit))) };
}

async function listCommits(run: string): Promise<string[]> {
  try {
    return await readdir(commitsFolder(run));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw ioError('read the folder', commitsFolder(run), error);
  }
}

import type { CommitFiles } from './commit-files.js';
import { accountingFault, commitSchema, type Commit, type RunFile } from './commit-record.js';
import { parseRecord } from './json-record.js';
import { commitName } from './layout.js';
import type { Plan } from './plan-record.js';

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

/** A file of commits/ whose name is not that of a unit. */
export function strangeName(fileName: string): CommitProblem {
  const path = `commits/${fileName}`;
  return { unit: null, path, message: `${path}: the name must be that of a unit, like ${commitName(7).slice('commits/'.length)}`, recordSha256: null, damaged: [] };
}

/**
 * Whether what was found makes a unit done: its record is whole, belongs to this plan, keeps its accounts, and the files it vouches for have the
 * sizes it gives. undefined where there is no record. `planHash` is that of `plan`.
 */
export function judgeCommit(found: CommitFiles, plan: Plan, planHash: string): Commit | CommitProblem | undefined {
  const { unit, record } = found;
  const path = commitName(unit);
  if (record === undefined) return undefined;
  const read = parseRecord(record, commitSchema, 'sealed');
  const problem = (message: string, damaged: readonly RunFile[] = []): CommitProblem => ({ unit, path, message: `${path}: ${message}`, recordSha256: read.sha256, damaged });
  if (read.kind === 'damaged') return problem(read.problem);
  const commit = read.value;
  const fault = recordFault(commit, unit, plan, planHash);
  if (fault !== undefined) return problem(fault);
  const damaged = damagedFiles(commit, found);
  if (damaged.length === 0) return commit;
  return problem(damaged.map(({ message }) => message).join('; '), damaged.map(({ file }) => file));
}

function recordFault(commit: Commit, unit: number, plan: Plan, planHash: string): string | undefined {
  const units = plan.corpus.units.length;
  if (commit.unit !== unit) return `the unit must be ${unit} as in the file's name, got ${commit.unit}`;
  if (commit.planHash !== planHash) return `the plan hash must be ${planHash}, got ${commit.planHash}`;
  if (unit >= units) return `the unit must be below ${units}, the units of the plan`;
  if (plan.windows.layout === 'document' && commit.rows !== commit.documents.scored) return `rows must be the ${commit.documents.scored} documents scored, got ${commit.rows}`;
  return accountingFault(commit);
}

/** The files of a commit that are missing or of another size. */
export function damagedFiles(commit: Commit, sizes: Pick<CommitFiles, 'shardBytes' | 'quarantineBytes'>): { readonly file: RunFile; readonly message: string }[] {
  const files: [RunFile, number | undefined][] = [[commit.shard, sizes.shardBytes]];
  if (commit.quarantine !== null) files.push([commit.quarantine, sizes.quarantineBytes]);
  return files.flatMap(([file, size]) => {
    if (size === file.bytes) return [];
    return [{ file, message: size === undefined ? `${file.path} is missing` : `${file.path} must have ${file.bytes} bytes, has ${size}` }];
  });
}

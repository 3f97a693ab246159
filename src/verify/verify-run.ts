import type { Calibration } from '../run/calibration-record.js';
import { readCommits, type Commit } from '../run/commits.js';
import { fileSize } from '../run/file-hash.js';
import { readRecord } from '../run/json-record.js';
import { commitName, PLAN_NAME, planPath } from '../run/layout.js';
import { readPlan, type Plan } from '../run/plan.js';
import { planSchema } from '../run/plan-record.js';
import { findDuplicateIds } from '../scoring/duplicate-ids.js';
import { SCORE_AGAIN, type Problem } from './problem.js';
import { rescore, type RescoreOptions, type SampleReport } from './rescore.js';
import { drawRows, readRows } from './sample-rows.js';
import { findStrangers } from './strangers.js';
import { verifyCalibration } from './verify-calibration.js';
import { verifyFailures } from './verify-failures.js';
import { claimsToBeFinished, verifyManifest } from './verify-manifest.js';
import { verifyUnit } from './verify-unit.js';

export interface SampleOptions extends RescoreOptions {
  readonly rows: number;
  /** The same seed draws the same rows. */
  readonly seed: string;
}

export interface VerifyHooks {
  readonly signal?: AbortSignal;
  /** A unit was checked. */
  readonly onUnit?: (done: number, total: number) => void;
}

export interface VerifyReport {
  /** Whether the run says of itself that it is finished. */
  readonly finished: boolean;
  readonly units: { readonly total: number; readonly committed: number };
  /** Files whose bytes were checked. */
  readonly files: number;
  readonly bytes: number;
  readonly problems: readonly Problem[];
  /** null where no rows were asked for, or something is damaged. */
  readonly sample: SampleReport | null;
}

/**
 * Checks everything a run has left behind against everything else: checksums of plan, commit records, calibration and records of failures, hashes of shards and quarantine files, what
 * shards hold, sums, the manifest and its seal. Lists all that is wrong. A run that is still being written is checked as far as it goes. Where nothing is
 * wrong, rows may be drawn and scored again. Memory: a row group, and 8 bytes for each row of the run.
 */
export async function verifyRun(run: string, sample: SampleOptions | null, { signal, onUnit }: VerifyHooks = {}): Promise<VerifyReport> {
  const damage = await planProblem(run);
  if (damage !== undefined) return { finished: false, units: { total: 0, committed: 0 }, files: 1, bytes: (await fileSize(planPath(run))) ?? 0, problems: [damage], sample: null };
  const plan = await readPlan(run);
  // Before the commit records: whoever finishes the run meanwhile has committed its units before.
  const finished = await claimsToBeFinished(run);
  const { committed, problems: records } = await readCommits(run, plan);
  const problems: Problem[] = records.flatMap(({ unit, path, message }) => (unit === null ? [] : [{ file: path, message: message.slice(path.length + 2), advice: SCORE_AGAIN }]));
  let files = 1 + committed.size;
  let bytes = (await fileSize(planPath(run))) ?? 0;
  for (const commit of committed.values()) {
    signal?.throwIfAborted();
    const unit = await verifyUnit(run, commit, plan, signal);
    problems.push(...unit.problems);
    files += unit.files;
    bytes += unit.bytes + ((await fileSize(`${run}/${commitName(commit.unit)}`)) ?? 0);
    onUnit?.(commit.unit + 1, plan.corpus.units.length);
  }
  const calibrated = await verifyCalibration(run, plan, committed.size);
  problems.push(...calibrated.problems);
  files += calibrated.files;
  bytes += calibrated.bytes;
  const whole = problems.length === 0;
  const commits = [...committed.values()];
  if (finished) {
    const manifest = await verifyManifest(run, plan, committed, calibrated.calibration, whole ? () => findDuplicateIds(run, commits) : undefined);
    problems.push(...manifest.problems, ...lostUnits(plan, committed, records));
    files += manifest.files;
    bytes += manifest.bytes;
  }
  const failures = await verifyFailures(run);
  problems.push(...failures.problems, ...(await findStrangers(run, plan, committed)));
  files += failures.files;
  bytes += failures.bytes;
  return {
    finished,
    units: { total: plan.corpus.units.length, committed: committed.size },
    files,
    bytes,
    problems,
    sample: sample === null || problems.length > 0 ? null : await scoreAgain(run, plan, commits, calibrated.calibration ?? null, sample, signal),
  };
}

/** Without a whole plan nothing else can be judged. Throws where there is none. */
async function planProblem(run: string): Promise<Problem | undefined> {
  const read = await readRecord(planPath(run), planSchema, 'sealed');
  if (read.kind !== 'damaged') return undefined;
  return {
    file: PLAN_NAME,
    message: read.problem,
    advice: 'The rest of the run can only be checked with it. touchstone plan, with the settings of this run and another --out, writes it anew: copy it here.',
  };
}

/** Units of a finished run that have no commit record at all. */
function lostUnits(plan: Plan, committed: ReadonlyMap<number, Commit>, records: readonly { readonly unit: number | null }[]): Problem[] {
  const known = new Set([...committed.keys(), ...records.map(({ unit }) => unit)]);
  return plan.corpus.units
    .filter(({ index }) => !known.has(index))
    .map(({ index }) => ({ file: commitName(index), message: 'it is missing, and the run is finished', advice: 'Run the touchstone score command of this run again.' }));
}

async function scoreAgain(run: string, plan: Plan, commits: readonly Commit[], calibration: Calibration | null, { rows, seed, ...options }: SampleOptions, signal: AbortSignal | undefined): Promise<SampleReport> {
  const total = commits.reduce((sum, commit) => sum + commit.rows, 0);
  return await rescore(readRows(run, commits, drawRows(total, rows, seed)), plan, calibration, seed, options, signal);
}

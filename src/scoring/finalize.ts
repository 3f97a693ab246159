import { TouchstoneError } from '../errors.js';
import { sweepAttempts, type Attempt } from '../run/attempts.js';
import { requiredCalibration, type Calibration } from '../run/calibration-record.js';
import { canonicalJson } from '../run/canonical-json.js';
import { pendingUnits, readCommits, type Commit } from '../run/commits.js';
import { readFailures } from '../run/failure-record.js';
import { buildManifest, isFinished, readManifest, writeManifest, type Manifest } from '../run/manifest.js';
import { readPlan, type Plan } from '../run/plan.js';
import { findDuplicateIds } from './duplicate-ids.js';

/** Units that are named in an error; the rest is counted. */
const UNITS_NAMED = 5;

export interface Finalized {
  readonly manifest: Manifest;
  /** Temporary files of dead processes that were removed. */
  readonly swept: readonly Attempt[];
  /** What the user should know, one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Finishes the run in a folder: manifest, _SUCCESS, and the removal of what dead processes left. Needs neither corpus nor model. Doing it again changes
 * nothing, and of several at once each writes the same bytes. Refuses while units are missing: 'retryable', or 'data' where units have failed and somebody has
 * to look at them.
 */
export async function finalizeFolder(run: string): Promise<Finalized> {
  const plan = await readPlan(run);
  const { committed, problems } = await readCommits(run, plan);
  const missing = pendingUnits(plan, committed);
  if (missing.length > 0) {
    const failures = await readFailures(run);
    const reasons = new Map(problems.flatMap(({ unit, message }) => (unit === null ? [] : [[unit, message] as const])));
    for (const [unit, { attempts, message }] of failures) if (!reasons.has(unit)) reasons.set(unit, `failed after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${message}`);
    throw unfinished(run, missing, plan.corpus.units.length, reasons, missing.some((unit) => failures.has(unit)));
  }
  const notes: string[] = [];
  const manifest = await finalizeRun(run, plan, committed, (text) => void notes.push(text));
  return { manifest, swept: await sweepAttempts(run), notes };
}

/**
 * Writes the manifest of a complete run. Its bytes follow from the plan, the shards and the calibration alone: whoever finalizes, and however often, writes the same file.
 * `note` is told where an unfinished run had another manifest, which is moved aside. Throws a retryable error that names the units without a commit, and a
 * mismatch where the run is finished with another manifest.
 */
export async function finalizeRun(run: string, plan: Plan, committed: ReadonlyMap<number, Commit>, note: (text: string) => void = () => undefined): Promise<Manifest> {
  const nothing = { count: 0, examples: [] };
  if (committed.size < plan.corpus.units.length) return buildManifest(plan, committed, nothing, null); // throws, before every shard is read for nothing
  const calibration = await requiredCalibration(run, plan);
  const manifest = (await sameAsFinished(run, plan, committed, calibration)) ?? buildManifest(plan, committed, await findDuplicateIds(run, [...committed.values()]), calibration);
  const { path, earlier } = await writeManifest(run, manifest);
  if (earlier !== undefined) note(`${path} is another than before: the earlier one is moved to ${earlier}`);
  return manifest;
}

/** The manifest of a run that is finished with these very commits: its duplicates need not be looked for again. */
async function sameAsFinished(run: string, plan: Plan, committed: ReadonlyMap<number, Commit>, calibration: Calibration | null): Promise<Manifest | undefined> {
  if (!(await isFinished(run))) return undefined;
  const finished = await readManifest(run);
  const again = buildManifest(plan, committed, finished.duplicateIds, calibration);
  return canonicalJson(again) === canonicalJson(finished) ? finished : undefined;
}

function unfinished(run: string, missing: readonly number[], units: number, reasons: ReadonlyMap<number, string>, failed: boolean): TouchstoneError {
  const named = missing.slice(0, UNITS_NAMED).join(', ') + (missing.length > UNITS_NAMED ? ` and ${missing.length - UNITS_NAMED} more` : '');
  const why = missing.filter((unit) => reasons.has(unit)).slice(0, UNITS_NAMED).map((unit) => `\n  unit ${unit}: ${reasons.get(unit)!}`);
  return new TouchstoneError(failed ? 'data' : 'retryable', `${missing.length} of ${units} units are not done: ${named}${why.join('')}`, {
    advice: `The touchstone score command that began the run scores them; touchstone retry-list ${run} lists them for a scheduler.`,
  });
}

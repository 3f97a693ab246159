import { availableParallelism } from 'node:os';
import { TouchstoneError } from '../errors.js';
import { sweepAttempts } from '../run/attempts.js';
import { checkWritable } from '../run/check-writable.js';
import { pendingUnits, readCommits, setProblemAside, type Commit } from '../run/commits.js';
import { clearFailure, readFailures } from '../run/failure-record.js';
import type { Manifest } from '../run/manifest.js';
import { freezePlan } from '../run/plan.js';
import { unitsOfTask, type TaskSlice, type UnitRange } from '../run/task-slice.js';
import { calibrateRun } from './calibration/run-calibration.js';
import { changeSince, type CorpusChange } from './corpus-change.js';
import { crowdedNote } from './crowded-note.js';
import { limitNativeThreads } from '../tokenizer/native-library.js';
import { finalizeRun } from './finalize.js';
import { watchLostParts } from './lost-parts.js';
import type { ScoreOptions } from './options.js';
import { prepareScore, type Prepared } from './prepare.js';
import { runWarnings } from './run-warnings.js';
import type { ScoreHooks } from './score-events.js';
import { scoreUnits } from './score-units.js';

export type { ScoreEvent, ScoreHooks } from './score-events.js';

export interface TaskResult {
  readonly prepared: Prepared;
  /** null where units of other slices are still missing. */
  readonly manifest: Manifest | null;
  /** Of all units of the run, those of other commands included. */
  readonly commits: readonly Commit[];
  readonly slice: UnitRange;
  /** Units of the run that are not committed; none of them in the slice. */
  readonly missing: readonly number[];
  /** Units this command scored. */
  readonly unitsScored: number;
  /** What became of the corpus since the runs that were reused; null where none were. */
  readonly change: CorpusChange | null;
  readonly wallSeconds: number;
}

export interface ScoreResult extends TaskResult {
  readonly manifest: Manifest;
}

/**
 * The scoring job: plans the run or checks it against its frozen plan, scores the units that are missing, and writes the manifest.
 * An aborted signal ends it within a batch and leaves what is committed; the same call goes on from there. A unit that fails at every attempt is
 * recorded and passed over.
 * @throws TouchstoneError that names such units, once everything else is scored
 */
export async function score(options: ScoreOptions, hooks: ScoreHooks = {}): Promise<ScoreResult> {
  const result = await scoreSlice(options, null, hooks);
  if (result.manifest === null) throw new TouchstoneError('internal', `all units were scored, and ${result.missing.length} have no commit`);
  return { ...result, manifest: result.manifest };
}

/**
 * `score` for one slice of the units, beside other commands that take the other slices, at any time and on any machine that sees the run folder.
 * The one that commits the run's last unit writes the manifest.
 */
export async function scoreTask(options: ScoreOptions, task: TaskSlice, hooks: ScoreHooks = {}): Promise<TaskResult> {
  return await scoreSlice(options, task, hooks);
}

async function scoreSlice(options: ScoreOptions, task: TaskSlice | null, { signal, onEvent = () => undefined }: ScoreHooks): Promise<TaskResult> {
  const started = performance.now();
  const { run } = options.output;
  const { workers } = options.runtime;
  const threads = options.runtime.threads === 'auto' ? availableParallelism() : options.runtime.threads;
  limitNativeThreads(threads);
  await checkWritable(run, 'output.run');
  const prepared = await prepareScore(options, {
    ...(signal === undefined ? {} : { signal }),
    ...(task === null ? {} : { task }),
    onHashed: (done, total) => {
      onEvent({ kind: 'hashing', done, total });
    },
  });
  const { plan } = prepared;
  const note = (text: string): void => { onEvent({ kind: 'note', text }); };
  const crowded = crowdedNote(threads, workers * prepared.devices.length, availableParallelism());
  prepared.notes.forEach(note);
  if (crowded !== undefined) note(crowded);
  for (const text of prepared.warnings) onEvent({ kind: 'warning', text });
  const slice = task === null ? { start: 0, end: plan.corpus.units.length } : unitsOfTask(task, plan.corpus.units.length);
  const inSlice = (unit: number): boolean => unit >= slice.start && unit < slice.end;
  const frozen = await freezePlan(run, plan);
  const swept = await sweepAttempts(run);
  if (swept.length > 0) note(`removed ${swept.length} temporary ${swept.length === 1 ? 'file' : 'files'} that killed processes left more than a day ago`);
  const reopen = await watchLostParts(run, note);

  const calibration = await calibrateRun(prepared, options, { threads, workers }, { note, onMissing: () => reopen('its calibration is lost'), signal });
  if (calibration !== null) onEvent({ kind: 'calibrated', precision: plan.model.precision, calibration });

  const earlier = await readCommits(run, plan);
  const pending = pendingUnits(plan, earlier.committed).filter(inSlice);
  if (pending.length > 0) await reopen(`${pending.length} of its units ${pending.length === 1 ? 'is' : 'are'} lost`);
  for (const problem of earlier.problems) {
    // The units of other slices are mended by the commands that score them.
    if (problem.unit !== null && !inSlice(problem.unit)) continue;
    note(`${problem.message}; the unit is scored again`);
    await setProblemAside(run, problem);
  }
  onEvent({ kind: 'planned', plan, resumed: frozen.outcome === 'resumed', committedUnits: slice.end - slice.start - pending.length, slice, devices: prepared.devices, threads, workers });
  const order = await failedLast(run, pending, inSlice);
  const unitsScored = order.length === 0 ? 0 : await scoreUnits(prepared, options, order, { threads, workers }, { ...(signal === undefined ? {} : { signal }), onEvent });

  const { committed } = await readCommits(run, plan);
  const missing = pendingUnits(plan, committed);
  const manifest = task === null || missing.length === 0 ? await finalizeRun(run, plan, committed, note) : null;
  for (const text of manifest === null ? [] : runWarnings(manifest, plan.model.vocabSize)) onEvent({ kind: 'warning', text });
  const onUnusable = (message: string): void => { note(`${message}; its documents are not compared`); };
  const change = prepared.reuse.length === 0 || manifest === null ? null : await changeSince(prepared.reuse, run, manifest, { onUnusable, signal });
  return {
    prepared,
    manifest,
    commits: [...committed.values()],
    slice,
    missing,
    unitsScored,
    change,
    wallSeconds: (performance.now() - started) / 1000,
  };
}

/**
 * Units that failed before come last, so that one that ends every command, by a hung worker say, cannot keep the others from their turn; those that failed more often come
 * behind those that failed less, so that some that never will succeed cannot keep others from it that would now.
 */
async function failedLast(run: string, pending: readonly number[], inSlice: (unit: number) => boolean): Promise<number[]> {
  const failures = await readFailures(run);
  const isPending = new Set(pending);
  for (const unit of failures.keys()) {
    // Committed since: the command that did it was killed before it could remove the record.
    if (inSlice(unit) && !isPending.has(unit)) await clearFailure(run, unit);
  }
  // A record that cannot be read knows of no attempts, and is one of at least one.
  const attempts = (unit: number): number => (failures.has(unit) ? Math.max(1, failures.get(unit)!.attempts) : 0);
  return [...pending].sort((a, b) => attempts(a) - attempts(b) || a - b);
}

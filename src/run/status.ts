import { listAttempts } from './attempts.js';
import { readCalibration, type Calibration } from './calibration-record.js';
import type { Commit, DocumentCounts } from './commit-record.js';
import { readCommits } from './commits.js';
import { usedDevices, type UsedDevice } from './device-record.js';
import { readFailures } from './failure-record.js';
import { isFinished } from './manifest.js';
import type { DeviceKind, Precision } from '../records.js';
import { readPlan } from './plan.js';
import { planHash, type Plan } from './plan-record.js';
import { unitWeights } from './unit-weights.js';
import { recentWork } from './working-time.js';

/** 'damaged': it has a commit record that does not hold, so it is scored again; 'missing': not yet scored, or under way. */
export type UnitState = 'done' | 'missing' | 'failed' | 'damaged';

export interface UnitStatus {
  readonly unit: number;
  readonly state: UnitState;
  /** Files of the corpus it is cut from. */
  readonly files: readonly string[];
  /** Why it failed or what is damaged; null elsewhere. */
  readonly message: string | null;
}

/** How far a run is. */
export interface RunStatus {
  readonly planHash: string;
  /** Whether manifest and _SUCCESS are written and belong together. */
  readonly finished: boolean;
  /** total = done + missing + failed + damaged. */
  readonly units: { readonly total: number } & { readonly [State in UnitState]: number };
  /** Of the units that are done, as all counts here. */
  readonly documents: DocumentCounts;
  readonly tokens: number;
  /** Tokens with a finite loss. */
  readonly scored: number;
  readonly nonfinite: number;
  /** What the losses are computed in and on, by the plan, and the devices of the units that are done. */
  readonly computation: { readonly precision: Precision; readonly device: DeviceKind; readonly devices: readonly UsedDevice[]; /** null where there is none, or none yet. */ readonly calibration: Calibration | null };
  /** Of the last units, on all hosts together, pauses not counted; null before the first unit is done. */
  readonly tokensPerSecond: number | null;
  /** At the speed of the last units; null where nothing is known or nothing is left. Failed units do not count. */
  readonly secondsLeft: number | null;
  /** ISO 8601, UTC: when a unit was last finished or given up, or the process of an open file last gave a sign of life; null where nothing has happened. */
  readonly lastActivity: string | null;
  /** Files that are being written, or that killed processes left. */
  readonly openFiles: number;
  readonly unitStates: readonly UnitStatus[];
}

/** Units whose speed counts: enough to even out, few enough to follow a change. */
const RECENT_UNITS = 64;

/**
 * Reads how far a run is, while others may be writing it. Reads every commit record and no shard: files are judged by their sizes, as resuming does.
 * Throws where the folder has no plan or a damaged one.
 */
export async function readStatus(run: string): Promise<RunStatus> {
  const plan = await readPlan(run);
  // Failures first: a unit that succeeds meanwhile is then done, not missing.
  const failures = await readFailures(run);
  const { committed, problems } = await readCommits(run, plan);
  const damage = new Map(problems.flatMap(({ unit, message }) => (unit === null ? [] : [[unit, message] as const])));
  const unitStates = plan.corpus.units.map(({ index, slices }): UnitStatus => {
    const message = damage.get(index) ?? failures.get(index)?.message ?? null;
    const state = committed.has(index) ? 'done' : damage.has(index) ? 'damaged' : failures.has(index) ? 'failed' : 'missing';
    return { unit: index, state, files: [...new Set(slices.map(({ file }) => file))], message: state === 'done' ? null : message };
  });
  const calibration = await readCalibration(run, plan);
  const count = (state: UnitState): number => unitStates.filter((unit) => unit.state === state).length;
  const attempts = await listAttempts(run);
  const commits = [...committed.values()];
  const sum = (value: (commit: Commit) => number): number => commits.reduce((total, commit) => total + value(commit), 0);
  const times = [...commits.map(({ finishedAt }) => Date.parse(finishedAt)), ...[...failures.values()].map(({ failedAt }) => Date.parse(failedAt)), ...attempts.map(({ modifiedMs }) => modifiedMs)];
  return {
    planHash: planHash(plan),
    finished: await isFinished(run),
    units: { total: unitStates.length, done: count('done'), missing: count('missing'), failed: count('failed'), damaged: count('damaged') },
    documents: {
      read: sum(({ documents }) => documents.read),
      scored: sum(({ documents }) => documents.scored),
      quarantined: sum(({ documents }) => documents.quarantined),
      skipped: sum(({ documents }) => documents.skipped),
    },
    tokens: sum(({ tokens }) => tokens),
    scored: sum(({ scored }) => scored),
    nonfinite: sum(({ nonfinite }) => nonfinite),
    computation: { precision: plan.model.precision, device: plan.model.device, devices: usedDevices(commits), calibration: calibration.kind === 'record' ? calibration.value : null },
    ...speed(plan, commits, unitStates),
    lastActivity: times.length === 0 ? null : new Date(times.reduce((latest, time) => Math.max(latest, time))).toISOString(),
    openFiles: attempts.length,
    unitStates,
  };
}

function speed(plan: Plan, commits: readonly Commit[], units: readonly UnitStatus[]): Pick<RunStatus, 'tokensPerSecond' | 'secondsLeft'> {
  const recent = recentWork(commits, RECENT_UNITS);
  if (recent.seconds <= 0) return { tokensPerSecond: null, secondsLeft: null };
  const weights = unitWeights(plan);
  const weigh = (some: readonly { readonly unit: number }[]): number => some.reduce((total, { unit }) => total + weights[unit]!, 0);
  const left = weigh(units.filter(({ state }) => state === 'missing' || state === 'damaged'));
  return {
    tokensPerSecond: recent.commits.reduce((total, { tokens }) => total + tokens, 0) / recent.seconds,
    secondsLeft: left === 0 ? null : (left / weigh(recent.commits)) * recent.seconds,
  };
}

import { TouchstoneError } from '../errors.js';
import type { Evaluation, StepMetrics } from './metrics/step-metrics.js';

/** A model as it was evaluated on the way. */
export interface EvaluatedPoint extends Pick<StepMetrics, 'step' | 'consumedTokens' | 'trainedTokens'> {
  readonly evaluations: readonly Evaluation[];
}

/** One finished run of a comparison: its evaluations in the order of steps, from step 0 to the last. */
export interface ComparedRun {
  /** What the run is called in the table: its selection, or the name of its folder. */
  readonly selection: string;
  /** What it was trained on where `selection` does not say it: "excess, keepFraction 0.5". */
  readonly detail?: string;
  readonly seed: number;
  readonly points: readonly EvaluatedPoint[];
}

/** Values of several seeds. */
export interface Spread {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  /** Standard deviation of the sample (n - 1); null for a single value. */
  readonly sd: number | null;
  /** In the order of the seeds. */
  readonly values: readonly number[];
}

/** A selection on one evaluation set. Losses are means in nats a token. */
export interface ComparedSelection {
  readonly selection: string;
  /** What it was trained on, where it is called by another name; else null. */
  readonly detail: string | null;
  /** Tokens trained on in the whole run. */
  readonly trainedTokens: Spread;
  /** Loss after the last step, when all runs of a seed have consumed the same tokens. */
  readonly lossAtEqualConsumed: Spread;
  /** The same less that of the baseline with the same seed; null without a baseline. */
  readonly lossAgainstBaseline: Spread | null;
  /** Loss once the run was trained on `equalTrainedTokens` of its seed, interpolated linearly between the evaluations before and after. */
  readonly lossAtEqualTrained: Spread;
  /**
   * Step at which the loss first falls to where the baseline with the same seed ends, interpolated likewise, over the seeds in which it does;
   * `steps` is null where it does in none. null without a baseline.
   */
  readonly stepsToBaseline: { readonly seedsReached: number; readonly steps: Spread | null } | null;
}

export interface ComparedSet {
  readonly name: string;
  /** Loss of the models before their first step. */
  readonly lossBefore: Spread;
  readonly selections: readonly ComparedSelection[];
}

export interface Comparison {
  /** What the others are measured against; null for nothing. */
  readonly baseline: string | null;
  readonly seeds: number;
  readonly steps: number;
  /** Steps between evaluations, the last two apart. */
  readonly evaluateEvery: number;
  /** Tokens that each run of a seed consumed. */
  readonly consumedTokens: Spread;
  /** By seed, the fewest tokens that one of its runs was trained on. */
  readonly equalTrainedTokens: Spread;
  readonly sets: readonly ComparedSet[];
  /** Settings in which the runs differ, as far as they are recorded; absent where the runs were made to differ in their selection alone. */
  readonly differences?: readonly SettingDifference[];
}

/** A setting in which runs differ. */
export interface SettingDifference {
  /** "optimizer.learningRate" */
  readonly setting: string;
  /** In the order of the runs; null where a run has no such setting, or no record of its settings. */
  readonly values: readonly (string | number | boolean | null)[];
}

/**
 * Compares runs of every selection under every seed. The baseline is one of the selections, or is not used.
 * @throws TouchstoneError ('internal') where a run is missing or runs of a seed consumed different tokens
 */
export function compareRuns(runs: readonly ComparedRun[], selections: readonly string[], seeds: readonly number[], baseline = 'all'): Comparison {
  const runOf = (selection: string, seed: number): ComparedRun => {
    const run = runs.find((one) => one.selection === selection && one.seed === seed);
    if (run === undefined || run.points.length === 0) throw new TouchstoneError('internal', `the comparison must have a run of ${selection} with seed ${seed}, found none`);
    return run;
  };
  const bySeed = seeds.map((seed) => selections.map((selection) => runOf(selection, seed).points.at(-1)!));
  for (const [at, ends] of bySeed.entries()) refuseUnequal(ends, seeds[at]!);
  const budgets = bySeed.map((ends) => Math.min(...ends.map(({ trainedTokens }) => trainedTokens)));
  const hasBaseline = selections.includes(baseline);

  const setOf = (name: string): ComparedSet => {
    const end = (run: ComparedRun): number => lossOn(run.points.at(-1)!, name);
    const compared = selections.map((selection): ComparedSelection => {
      const own = seeds.map((seed) => runOf(selection, seed));
      const ends = own.map(end);
      const baselineEnds = hasBaseline ? seeds.map((seed) => end(runOf(baseline, seed))) : null;
      const reached = baselineEnds?.map((loss, at) => stepReaching(own[at]!.points, name, loss)).filter((step) => step !== null);
      return {
        selection,
        detail: own[0]!.detail ?? null,
        trainedTokens: spreadOf(own.map(({ points }) => points.at(-1)!.trainedTokens)),
        lossAtEqualConsumed: spreadOf(ends),
        lossAgainstBaseline: baselineEnds === null ? null : spreadOf(ends.map((loss, at) => loss - baselineEnds[at]!)),
        lossAtEqualTrained: spreadOf(own.map(({ points }, at) => lossAtTrained(points, name, budgets[at]!))),
        stepsToBaseline: reached === undefined ? null : { seedsReached: reached.length, steps: reached.length === 0 ? null : spreadOf(reached) },
      };
    });
    const before = seeds.map((seed) => lossOn(runOf(selections[0]!, seed).points[0]!, name));
    return { name, lossBefore: spreadOf(before), selections: compared };
  };

  const [first] = bySeed;
  return {
    baseline: hasBaseline ? baseline : null,
    seeds: seeds.length,
    steps: first![0]!.step,
    evaluateEvery: runs[0]!.points[1]?.step ?? first![0]!.step,
    consumedTokens: spreadOf(bySeed.map(([end]) => end!.consumedTokens)),
    equalTrainedTokens: spreadOf(budgets),
    sets: first![0]!.evaluations.map(({ name }) => setOf(name)),
  };
}

/** Mean, range and standard deviation of values, of which there is at least one. */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, min: Math.min(...values), max: Math.max(...values), sd: values.length === 1 ? null : Math.sqrt(squares / (values.length - 1)), values };
}

/** Loss of a run when it had been trained on so many tokens, at most as many as it was trained on at its end. */
export function lossAtTrained(points: readonly EvaluatedPoint[], name: string, tokens: number): number {
  const after = points.findIndex(({ trainedTokens }) => trainedTokens >= tokens);
  const [from, to] = [points[Math.max(0, after - 1)]!, points[after]!];
  if (from === to) return lossOn(to, name);
  return between(lossOn(from, name), lossOn(to, name), (tokens - from.trainedTokens) / (to.trainedTokens - from.trainedTokens));
}

/** Step at which the loss first is at most `loss`; null where it never is. */
export function stepReaching(points: readonly EvaluatedPoint[], name: string, loss: number): number | null {
  const after = points.findIndex((point) => lossOn(point, name) <= loss);
  if (after < 0) return null;
  if (after === 0) return points[0]!.step;
  const [from, to] = [points[after - 1]!, points[after]!];
  const [high, low] = [lossOn(from, name), lossOn(to, name)];
  return between(from.step, to.step, (high - loss) / (high - low));
}

function between(from: number, to: number, share: number): number {
  return share === 1 ? to : from + (to - from) * share;
}

function lossOn({ step, evaluations }: EvaluatedPoint, name: string): number {
  const found = evaluations.find((evaluation) => evaluation.name === name);
  if (found === undefined) throw new TouchstoneError('internal', `the evaluation at step ${step} must be on ${name} too, found only ${evaluations.map((one) => one.name).join(', ')}`);
  return found.loss;
}

function refuseUnequal(ends: readonly EvaluatedPoint[], seed: number): void {
  for (const what of ['step', 'consumedTokens'] as const) {
    const values = new Set(ends.map((end) => end[what]));
    if (values.size > 1) throw new TouchstoneError('internal', `runs of a comparison must end at the same ${what}, those of seed ${seed} end at ${[...values].join(' and ')}`);
  }
}

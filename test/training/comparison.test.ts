import { describe, expect, it } from 'vitest';
import { compareRuns, lossAtTrained, spreadOf, stepReaching, type ComparedRun, type EvaluatedPoint } from '../../src/training/comparison.js';

/** Points of a run of 100 consumed tokens a step, of which `kept` are trained on, with these losses on the set "heldout". */
function points(kept: number, losses: Readonly<Record<number, number>>): EvaluatedPoint[] {
  return Object.entries(losses).map(([step, loss]) => ({ step: Number(step), consumedTokens: 100 * Number(step), trainedTokens: kept * Number(step), evaluations: [{ name: 'heldout', loss }, { name: 'other', loss: 2 * loss }] }));
}

const RUNS: readonly ComparedRun[] = [
  { selection: 'all', seed: 1, points: points(100, { 0: 8, 10: 6, 20: 5 }) },
  { selection: 'excess', seed: 1, points: points(60, { 0: 8, 10: 4, 20: 3 }) },
  { selection: 'all', seed: 2, points: points(100, { 0: 8.5, 10: 7, 20: 5 }) },
  { selection: 'excess', seed: 2, points: points(50, { 0: 8.5, 10: 7, 20: 5.5 }) },
];

describe('a comparison', () => {
  const { sets, ...ran } = compareRuns(RUNS, ['all', 'excess'], [1, 2]);
  const [all, excess] = sets[0]!.selections;

  it('says what was run: seeds, steps, tokens consumed, and the fewest trained on by seed', () => {
    expect(ran).toEqual({ baseline: 'all', seeds: 2, steps: 20, evaluateEvery: 10, consumedTokens: spreadOf([2000, 2000]), equalTrainedTokens: spreadOf([1200, 1000]) });
    expect(sets.map(({ name }) => name)).toEqual(['heldout', 'other']);
    expect(sets[0]!.lossBefore.values).toEqual([8, 8.5]);
  });

  it('takes the loss at equal consumed tokens after the last step, seed by seed, and its difference to plain training', () => {
    expect(excess!.lossAtEqualConsumed.values).toEqual([3, 5.5]);
    expect(excess!.lossAgainstBaseline!.values).toEqual([-2, 0.5]);
    expect(all!.lossAgainstBaseline!.values).toEqual([0, 0]);
    expect(excess!.trainedTokens.values).toEqual([1200, 1000]);
  });

  it('reads the loss at equal trained tokens on the way of the run that was trained on more', () => {
    // 1,200 tokens of plain training are step 12, a fifth of the way from 6 to 5; 1,000 are step 10.
    expect(all!.lossAtEqualTrained.values).toEqual([5.8, 7]);
    expect(excess!.lossAtEqualTrained.values).toEqual([3, 5.5]);
  });

  it('counts the steps to where plain training ends, and the seeds in which a selection gets there', () => {
    expect(all!.stepsToBaseline).toEqual({ seedsReached: 2, steps: spreadOf([20, 20]) });
    expect(excess!.stepsToBaseline).toEqual({ seedsReached: 1, steps: spreadOf([7.5]) });
    const never = compareRuns(RUNS.filter(({ seed }) => seed === 2), ['all', 'excess'], [2]);
    expect(never.sets[0]!.selections[1]!.stepsToBaseline).toEqual({ seedsReached: 0, steps: null });
  });

  it('keeps evaluation sets apart', () => {
    expect(sets[1]!.selections[1]!.lossAtEqualConsumed.values).toEqual([6, 11]);
  });

  it('measures against any run of the same seed that is named as the baseline', () => {
    const { baseline, sets: [set] } = compareRuns(RUNS, ['all', 'excess'], [1, 2], 'excess');
    expect(baseline).toBe('excess');
    expect(set!.selections[0]!.lossAgainstBaseline!.values).toEqual([2, -0.5]);
  });

  it('without a baseline has nothing to compare with', () => {
    const { baseline, sets: [set] } = compareRuns(RUNS, ['excess'], [1, 2]);
    const [only] = set!.selections;
    expect(baseline).toBe(null);
    expect(only).toMatchObject({ lossAgainstBaseline: null, stepsToBaseline: null });
  });

  it('refuses a missing run, runs that consumed different tokens, and an evaluation that lacks a set', () => {
    expect(() => compareRuns(RUNS, ['all', 'random'], [1])).toThrow('must have a run of random with seed 1');
    expect(() => compareRuns([RUNS[0]!, { ...RUNS[1]!, points: RUNS[1]!.points.slice(0, 2) }], ['all', 'excess'], [1])).toThrow('must end at the same step, those of seed 1 end at 20 and 10');
    const lacking = RUNS[1]!.points.map((point) => ({ ...point, evaluations: point.evaluations.slice(0, 1) }));
    expect(() => compareRuns([RUNS[0]!, { ...RUNS[1]!, points: lacking }], ['all', 'excess'], [1])).toThrow('must be on other too, found only heldout');
  });
});

describe('a spread', () => {
  it('is mean, range and the standard deviation of the sample', () => {
    expect(spreadOf([1, 2, 6])).toEqual({ mean: 3, min: 1, max: 6, sd: Math.sqrt(7), values: [1, 2, 6] });
  });

  it('of one value has no standard deviation', () => {
    expect(spreadOf([4])).toEqual({ mean: 4, min: 4, max: 4, sd: null, values: [4] });
  });
});

describe('reading between evaluations', () => {
  const run = points(10, { 0: 4, 10: 2, 20: 3, 30: 1 });

  it('is linear in trained tokens, and exact at an evaluation', () => {
    expect([0, 25, 100, 150, 300].map((tokens) => lossAtTrained(run, 'heldout', tokens))).toEqual([4, 3.5, 2, 2.5, 1]);
  });

  it('holds where steps trained on nothing', () => {
    const idle = [...points(0, { 0: 4, 10: 3 }), ...points(10, { 20: 2 })];
    expect([0, 100, 200].map((tokens) => lossAtTrained(idle, 'heldout', tokens))).toEqual([4, 2.5, 2]);
  });

  it('finds the first step at a loss, however the loss goes on', () => {
    expect([5, 4, 3, 2, 1.5, 1, 0.5].map((loss) => stepReaching(run, 'heldout', loss))).toEqual([0, 0, 5, 10, 27.5, 30, null]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Commit } from '../../src/run/commits.js';
import { trackProgress, type Progress, type ProgressTracker } from '../../src/scoring/progress.js';

/** A run of units of these bytes, and the last that was reported of it. */
function run(...bytes: readonly number[]): { readonly tracker: ProgressTracker; readonly share: () => number; readonly last: () => Progress } {
  let last: Progress | undefined;
  const units = bytes.map((size, index) => ({ index, slices: [], bytes: size }));
  const tracker = trackProgress(units, units.map(({ index }) => index), (progress) => { last = progress; });
  return { tracker, last: () => last!, share: () => last!.bytesDone / last!.bytesTotal };
}

/** Documents of 400 characters and 100 tokens that are read and tokenized. */
function tokenize(tracker: ProgressTracker, unit: number, documents: number): void {
  for (let at = 0; at < documents; at++) {
    tracker.unit(unit).arrived(400);
    tracker.unit(unit).tokenized(100, 400);
  }
}

describe('the progress of a unit', () => {
  it('is the share of its text that is scored, although all of it was read at once and little is tokenized', () => {
    const { tracker, share } = run(400_000);
    tracker.read(0, 400_000);
    tokenize(tracker, 0, 100); // a tenth
    tracker.scored(0, 5000);
    expect(share()).toBeCloseTo(0.05);
    tokenize(tracker, 0, 900);
    tracker.unit(0).ended();
    tracker.scored(0, 45_000);
    expect(share()).toBeCloseTo(0.5);
    tracker.scored(0, 50_000);
    expect(share()).toBe(1);
  });

  it('learns from what was read how much text the bytes of a compressed file have', () => {
    const { tracker, share } = run(400_000); // of 4 characters each
    tracker.read(0, 40_000);
    tokenize(tracker, 0, 400);
    tracker.read(0, 40_000);
    tokenize(tracker, 0, 200);
    tracker.scored(0, 40_000);
    expect(share()).toBeCloseTo(0.1);
  });

  it('of which some documents are read is the share of these', () => {
    const { tracker, share } = run(32 << 20);
    tracker.unit(0).limit(200);
    tracker.read(0, 256 << 10);
    tokenize(tracker, 0, 100);
    tracker.scored(0, 5000);
    expect(share()).toBeCloseTo(0.25);
  });

  it('counts documents that need no losses as soon as they come', () => {
    const { tracker, share } = run(80_000);
    tracker.read(0, 80_000);
    for (let at = 0; at < 100; at++) {
      tracker.unit(0).arrived(400);
      tracker.unit(0).known(400);
    }
    tokenize(tracker, 0, 100);
    tracker.unit(0).ended();
    tracker.scored(0, 5000);
    expect(share()).toBeCloseTo(0.75);
  });

  it('is lost with the attempt, and tokens of units that are not committed are told apart', () => {
    const { tracker, share, last } = run(4000, 4000);
    tokenize(tracker, 0, 10);
    tracker.unit(0).ended();
    tracker.scored(0, 1000);
    tracker.committed({ unit: 0 } as Commit);
    tokenize(tracker, 1, 10);
    tracker.unit(1).ended();
    tracker.scored(1, 500);
    expect(last()).toMatchObject({ scoredTokens: 1500, openTokens: 500, unitsDone: 1, unitsTotal: 2 });
    expect(share()).toBeCloseTo(0.75);
    tracker.begin(1);
    tracker.scored(1, 100);
    expect(last()).toMatchObject({ scoredTokens: 1100, openTokens: 100 });
  });
});

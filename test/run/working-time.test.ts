import { describe, expect, it } from 'vitest';
import type { Commit } from '../../src/run/commit-record.js';
import { recentWork, workingSeconds } from '../../src/run/working-time.js';

/** A unit that was under way from one second of an hour to another. */
const unit = (from: number, to: number): Commit => ({ seconds: to - from, finishedAt: new Date(Date.UTC(2026, 10, 20, 3, 0, to)).toISOString() }) as Commit;

describe('the time that units took', () => {
  it('counts units side by side once, and pauses not at all', () => {
    expect(workingSeconds([unit(0, 10), unit(5, 15)])).toBe(15);
    expect(workingSeconds([unit(5, 15), unit(0, 10), unit(6, 7), unit(40, 50)])).toBe(25);
    expect(workingSeconds([])).toBe(0);
  });

  it('of the last units begins where the one before them ended', () => {
    expect(recentWork([unit(0, 10), unit(5, 15), unit(8, 20)], 2)).toMatchObject({ seconds: 10, commits: [{ seconds: 10 }, { seconds: 12 }] });
  });
});

import { describe, expect, it } from 'vitest';
import { keptText } from '../../src/cli/score-display.js';

describe('what is kept of a command that was stopped', () => {
  it('is told in units, and what has to be scored again in tokens', () => {
    expect(keptText(12, 33, 45_678)).toBe('12 of 33 units are done and kept; 45.7 k tokens of units that are not done will be scored again');
    expect(keptText(1, 33, 1)).toBe('1 of 33 units is done and kept; 1 token of units that are not done will be scored again');
    expect(keptText(33, 33, 0)).toBe('33 of 33 units are done and kept');
  });

  it('of a run of one unit is nothing, with advice', () => {
    expect(keptText(0, 1, 500)).toBe('0 of 1 unit is done and kept; 500 tokens of units that are not done will be scored again (a smaller --unit-bytes makes more units of it)');
  });
});

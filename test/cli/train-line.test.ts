import { describe, expect, it } from 'vitest';
import { trainLine, type TrainProgress } from '../../src/cli/train-line.js';

const at = (more: Partial<TrainProgress> = {}): TrainProgress => ({
  step: 60, steps: 300, loss: 4.1234, keptShare: 0.6, excessKept: 1.234, excessDropped: -0.4567, tokensPerSecond: 12_345, secondsLeft: 245, ...more,
});

describe('the progress line of training', () => {
  it('says loss, share, excess of kept and dropped, speed and time left, after a bar', () => {
    expect(trainLine(at(), 120)).toBe('█████░░░░░░░░░░░░░░░░░░░ 60/300  loss 4.12  kept 60%  excess 1.23/-0.46  12.3k tok/s  ETA 4m05s');
    expect(trainLine(at(), 80)).toBe('██░░░░░░░ 60/300  loss 4.12  kept 60%  excess 1.23/-0.46  12.3k tok/s  ETA 4m05s');
  });

  it('stays within 80 columns however large its numbers are', () => {
    const wide = at({ step: 100_000, steps: 100_000, loss: 10.8, keptShare: 1, excessKept: -10.25, excessDropped: -12.75, tokensPerSecond: 999_000, secondsLeft: 86_399 });
    for (const columns of [80, 81, 90, 100, 132]) expect(trainLine(wide, columns).length).toBeLessThanOrEqual(columns);
    expect(trainLine(wide, 80)).toBe('100000/100000 loss 10.80 kept 100% excess -10.25/-12.75 999k tok/s ETA 23h59m');
  });

  it.each([[12.2, '12s'], [59.6, '1m00s'], [245, '4m05s'], [7800, '2h10m'], [273_600, '3d04h'], [NaN, '...']])('writes %d seconds as %s', (secondsLeft, text) => {
    expect(trainLine(at({ secondsLeft }), 80)).toContain(`ETA ${text}`);
  });

  it('has a dash for what there is not: the excess of plain training, or anything before the first step', () => {
    expect(trainLine(at({ excessKept: NaN, excessDropped: NaN }), 80)).toContain('excess -/-');
    expect(trainLine(at({ step: 0, loss: NaN, keptShare: NaN, tokensPerSecond: NaN, secondsLeft: NaN }), 80)).toContain('0/300  loss -  kept -  excess 1.23/-0.46  - tok/s  ETA ...');
  });
});

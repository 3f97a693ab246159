import { describe, expect, it } from 'vitest';

import { LOSS_EDGES } from '../../../src/audit/report-data/distribution.js';
import { binText } from '../../../src/audit/report/histogram.js';
import { lossBins, placeOfLoss } from '../../../src/audit/report/loss-axis.js';

describe('the axis of losses', () => {
  it('gives every doubling the same room, from 2^-10 to 64 nats', () => {
    const steps = [0.01, 0.02, 0.04, 1, 2, 16, 32].map((nats) => placeOfLoss(2 * nats, 0, 160) - placeOfLoss(nats, 0, 160));
    for (const step of steps) expect(step).toBeCloseTo(10, 9);
    expect([placeOfLoss(2 ** -10, 5, 165), placeOfLoss(64, 5, 165), placeOfLoss(0, 5, 165), placeOfLoss(1000, 5, 165)]).toEqual([5, 165, 5, 165]);
  });

  it('draws bins whose areas are their shares', () => {
    const counts = LOSS_EDGES.map((_, at) => at).concat(5);
    const bins = lossBins(LOSS_EDGES, counts);
    const area = bins.reduce((sum, { from, to, density }) => sum + density * Math.log2(to / from), 0);
    expect(area).toBeCloseTo(1, 12);
    for (const [at, { from, to, share, count }] of bins.entries()) {
      expect(share).toBeCloseTo(count / counts.reduce((sum, value) => sum + value, 0), 12);
      expect(from).toBe(at === 0 ? 2 ** -10 : LOSS_EDGES[at - 1]);
      expect(to).toBe(LOSS_EDGES[at] ?? 64);
    }
  });

  it('of nothing has no height', () => {
    expect(lossBins(LOSS_EDGES, new Array<number>(LOSS_EDGES.length + 1).fill(0)).every(({ density, share }) => density === 0 && share === 0)).toBe(true);
  });

  it('names its bins by their ends', () => {
    const bins = lossBins(LOSS_EDGES, new Array<number>(LOSS_EDGES.length + 1).fill(1));
    const name = (at: number): string => binText(bins[at]!, at, bins.length);
    expect([name(0), name(1), name(bins.length - 1)]).toEqual(['below 0.001953 nats', '0.001953 to 0.002441 nats', '48 nats and more']);
  });
});

import { describe, expect, it } from 'vitest';

import { curveSegments } from '../../src/charts/curve.js';

describe('a curve of many points', () => {
  it('is drawn by means and keeps every extreme', () => {
    const points = Array.from({ length: 10_000 }, (_, x) => ({ x, y: x === 5_678 ? 1000 : x % 2 }));
    const [segment, ...others] = curveSegments(points);
    expect(others).toEqual([]);
    expect(segment!.length).toBe(400);
    expect(segment!.reduce((most, { high }) => Math.max(most, high), 0)).toBe(1000);
    expect(segment!.reduce((least, { low }) => Math.min(least, low), 9)).toBe(0);
    expect(segment![10]).toMatchObject({ y: 0.48, low: 0, high: 1 }); // 12 ones of 25
    expect(segment!.every(({ x }, at) => at === 0 || x > segment![at - 1]!.x)).toBe(true);
  });

  it('has a gap where a whole slot has no value', () => {
    const points = Array.from({ length: 1000 }, (_, x) => ({ x, y: x >= 500 && x < 510 ? NaN : 1 }));
    expect(curveSegments(points).length).toBe(2);
    expect(curveSegments(points.slice(0, 4)).map((segment) => segment.length)).toEqual([4]);
    expect(curveSegments([{ x: 0, y: NaN }])).toEqual([]);
  });
});

describe('points that are means', () => {
  const points = Array.from({ length: 1000 }, (_, x) => ({ x, y: 1, low: x === 500 ? -7 : 0, high: x === 501 ? 9 : 2 }));

  it('keep their range, alone and put together', () => {
    expect(curveSegments(points.slice(500, 501))).toEqual([[{ x: 500, y: 1, low: -7, high: 2 }]]);
    const drawn = curveSegments(points).flat();
    expect([Math.min(...drawn.map(({ low }) => low)), Math.max(...drawn.map(({ high }) => high))]).toEqual([-7, 9]);
    expect(drawn.every(({ y }) => y === 1)).toBe(true);
  });
});

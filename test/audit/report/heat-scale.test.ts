import { describe, expect, it } from 'vitest';

import { EXCESS_SCALE, heatClass, heatRules, LOSS_SCALE } from '../../../src/audit/report/heat-scale.js';
import { contrastOf, luminanceOf } from '../../../src/charts/color.js';

const THEMES = ['light', 'dark'] as const;

describe('the colours of losses', () => {
  it('leave text a contrast of at least 4.5 to 1 on every step of both scales in both themes', () => {
    for (const theme of THEMES) {
      for (const step of [...LOSS_SCALE.steps, ...EXCESS_SCALE.steps]) {
        expect(contrastOf(step[theme].background, step[theme].text), `${theme} ${step.className}`).toBeGreaterThanOrEqual(4.5);
      }
    }
  });

  it('go one way in lightness, so that they are told apart without any colour vision: darker on light pages, lighter on dark ones', () => {
    const light = LOSS_SCALE.steps.map((step) => luminanceOf(step.light.background));
    const dark = LOSS_SCALE.steps.map((step) => luminanceOf(step.dark.background));
    expect(light).toEqual(light.toSorted((a, b) => b - a));
    expect(dark).toEqual(dark.toSorted((a, b) => a - b));
    expect(new Set(light).size).toBe(LOSS_SCALE.steps.length);
    expect(light[0]).toBeGreaterThan(0.95);
    expect(dark[0]).toBeLessThan(0.02);
  });

  it('change twice for every doubling of the loss, from a quarter of a nat to 8', () => {
    expect(LOSS_SCALE.edges[0]).toBe(0.25);
    expect(LOSS_SCALE.edges.at(-1)).toBeCloseTo(8, 12);
    expect(LOSS_SCALE.edges[2]! / LOSS_SCALE.edges[0]!).toBeCloseTo(2, 12);
    expect([0, 0.2499, 0.25, 1.1, 7.9, 8, 900].map((loss) => heatClass(LOSS_SCALE, loss))).toEqual(['h0', 'h0', 'h1', 'h5', 'h10', 'h11', 'h11']);
  });

  it('of an excess tell its sign by the hue and its size by the lightness, alike on both sides', () => {
    expect([-9, -4, -0.126, -0.125, 0, 0.124, 0.125, 3.9, 4].map((excess) => heatClass(EXCESS_SCALE, excess))).toEqual(['x0', 'x1', 'x5', 'x6', 'x6', 'x6', 'x7', 'x11', 'x12']);
    const light = EXCESS_SCALE.steps.map((step) => luminanceOf(step.light.background));
    expect(light.slice(0, 7)).toEqual(light.slice(0, 7).toSorted((a, b) => a - b));
    expect(light.slice(6)).toEqual(light.slice(6).toSorted((a, b) => b - a));
    for (let step = 0; step < 6; step++) expect(Math.abs(light[step]! - light[12 - step]!)).toBeLessThan(0.05);
    const blueOverRed = (hex: string): number => Number.parseInt(hex.slice(5), 16) - Number.parseInt(hex.slice(1, 3), 16);
    expect(EXCESS_SCALE.steps.slice(0, 6).every((step) => blueOverRed(step.light.background) > 0)).toBe(true);
    expect(EXCESS_SCALE.steps.slice(7).every((step) => blueOverRed(step.light.background) < 0)).toBe(true);
  });

  it('stand in the style sheet with a rule for every step', () => {
    for (const theme of THEMES) expect(heatRules(LOSS_SCALE, theme).match(/^\.h\d+ \{ background: #[0-9a-f]{6}; color: #[0-9a-f]{6}; fill: #[0-9a-f]{6}; \}$/gm)?.length).toBe(12);
  });
});

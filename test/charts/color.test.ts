import { describe, expect, it } from 'vitest';

import { contrastOf, hexOf, luminanceOf } from '../../src/charts/color.js';

describe('colours by lightness, chroma and hue', () => {
  it('are the sRGB colours that CSS gives them', () => {
    // The primaries as CSS Color 4 lists them in OKLCH.
    expect(hexOf({ lightness: 0.62796, chroma: 0.25768, hue: 29.2339 })).toBe('#ff0000');
    expect(hexOf({ lightness: 0.86644, chroma: 0.29483, hue: 142.4953 })).toBe('#00ff00');
    expect(hexOf({ lightness: 0.45201, chroma: 0.31321, hue: 264.052 })).toBe('#0000ff');
    expect(hexOf({ lightness: 1, chroma: 0, hue: 0 })).toBe('#ffffff');
    expect(hexOf({ lightness: 0, chroma: 0, hue: 90 })).toBe('#000000');
  });

  it('have the contrast of WCAG', () => {
    expect(contrastOf('#000000', '#ffffff')).toBeCloseTo(21, 9);
    expect(contrastOf('#ffffff', '#767676')).toBeCloseTo(4.54, 2);
    expect(luminanceOf('#808080')).toBeCloseTo(0.2159, 4);
  });
});

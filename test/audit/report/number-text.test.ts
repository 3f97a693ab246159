import { describe, expect, it } from 'vitest';

import { bytesText, countText, deltaText, durationText, natsText, percentText, perplexityText } from '../../../src/audit/report/number-text.js';

/** Non-breaking spaces as spaces. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('numbers of the report', () => {
  it('set thousands apart', () => {
    expect([0, 999, 1000, 1_234_567, 48_210.4].map(countText)).toEqual(['0', '999', '1,000', '1,234,567', '48,210']);
  });

  it('give nats in thousandths, and never a 0 that is none', () => {
    expect([0, 1, 4.97192, 12.3456, -0.25].map(natsText)).toEqual(['0.000', '1.000', '4.972', '12.346', '−0.250']);
    expect(plain(natsText(0.00042))).toBe('4.2 × 10⁻⁴');
    expect(plain(natsText(-0.0000312))).toBe('−3.1 × 10⁻⁵');
    expect([0.031, 0, -0.25, 1e-5].map((delta) => plain(deltaText(delta)))).toEqual(['+0.031', '0.000', '−0.250', '+1.0 × 10⁻⁵']);
  });

  it('give shares in percent; 0 and 100 only where they are exact', () => {
    expect([0, 0.342, 1, 0.9999, 0.00034, 0.0000123, 1e-9].map((share) => plain(percentText(share)))).toEqual(['0 %', '34.2 %', '100.0 %', '>99.9 %', '0.034 %', '0.0012 %', '<0.0001 %']);
  });

  it('give a perplexity of any size, also of losses whose exponential no number holds', () => {
    expect([0, 1, 4.9719, 9].map((mean) => plain(perplexityText(mean)))).toEqual(['1.000', '2.718', '144.3', '8,103']);
    expect(plain(perplexityText(20))).toBe('4.85 × 10⁸');
    expect(plain(perplexityText(1000))).toBe('1.97 × 10⁴³⁴');
  });

  it('give sizes and times in the unit that fits', () => {
    expect([0, 1023, 1024, 3_785_000, 5 * 2 ** 40].map((bytes) => plain(bytesText(bytes)))).toEqual(['0 B', '1023 B', '1.00 KiB', '3.61 MiB', '5.00 TiB']);
    expect([0.04, 9.96, 59.7, 61, 4273, 900_000].map((seconds) => plain(durationText(seconds)))).toEqual(['0.0 s', '10 s', '1 min 00 s', '1 min 01 s', '1 h 11 min', '250 h 00 min']);
  });

  it('are a dash where there is none', () => {
    expect([countText(null), natsText(null), deltaText(null), percentText(null), perplexityText(null), durationText(null), natsText(NaN), natsText(Infinity)]).toEqual(Array(8).fill('–'));
  });
});

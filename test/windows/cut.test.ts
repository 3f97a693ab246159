import { describe, expect, it } from 'vitest';
import { cutWindows } from '../../src/windows/cut.js';

describe('cutWindows', () => {
  it('gives every token after the first exactly one window, whatever the lengths', () => {
    for (const prefixId of [null, 7]) {
      for (let contextLength = 2; contextLength <= 9; contextLength++) {
        for (let stride = 1; stride < contextLength; stride++) {
          for (let tokens = 0; tokens <= 40; tokens++) {
            const targets = cutWindows(tokens, { contextLength, stride, prefixId }).flatMap(({ firstTarget, endTarget }) =>
              Array.from({ length: endTarget - firstTarget }, (_, at) => firstTarget + at),
            );
            const positions = tokens + (prefixId === null ? 0 : 1);
            expect(targets).toEqual(Array.from({ length: Math.max(0, positions - 1) }, (_, at) => at + 1));
          }
        }
      }
    }
  });

  it('gives every token past the first window at least contextLength - stride tokens of context', () => {
    const options = { contextLength: 8, stride: 3, prefixId: null };
    for (const window of cutWindows(50, options).slice(1)) {
      expect(window.length).toBeLessThanOrEqual(8);
      expect(window.firstTarget - window.start).toBeGreaterThanOrEqual(8 - 3);
    }
  });

  it('needs one window for a document that fits the context, BOS included', () => {
    expect(cutWindows(7, { contextLength: 8, stride: 4, prefixId: 1 })).toEqual([{ start: 0, length: 8, firstTarget: 1, endTarget: 8 }]);
    expect(cutWindows(8, { contextLength: 8, stride: 4, prefixId: 1 })).toHaveLength(2);
  });

  it('has no window for a document without a target', () => {
    expect(cutWindows(0, { contextLength: 8, stride: 4, prefixId: 1 })).toEqual([]);
    expect(cutWindows(1, { contextLength: 8, stride: 4, prefixId: null })).toEqual([]);
    expect(cutWindows(1, { contextLength: 8, stride: 4, prefixId: 1 })).toHaveLength(1);
  });

  it('refuses a stride that would leave tokens without context', () => {
    expect(() => cutWindows(20, { contextLength: 8, stride: 8, prefixId: null })).toThrow('windows.stride must be from 1 to contextLength - 1 = 7, got 8');
    expect(() => cutWindows(20, { contextLength: 8, stride: 0, prefixId: null })).toThrow('got 0');
  });
});

import { describe, expect, it } from 'vitest';
import { resolveCompareSettings } from '../../src/config/compare-settings.js';

describe('--compare', () => {
  it('names selections between commas, in the order of the table, under three seeds unless told otherwise', () => {
    expect(resolveCompareSettings({ compare: 'all,random, reference,excess' })).toEqual({ selections: ['all', 'random', 'reference', 'excess'], seeds: 3 });
    expect(resolveCompareSettings({ compare: 'excess,all', seeds: '5' })).toEqual({ selections: ['excess', 'all'], seeds: 5 });
  });

  it.each(['all', 'all,all', 'all,excess,all', 'all,exces', 'all,,excess', ''])('refuses %j by name', (compare) => {
    expect(() => resolveCompareSettings({ compare })).toThrow(`--compare must name two or more of excess, reference, entropy, intersection, random, all, none twice, got "${compare}"`);
  });

  it('names the selections alone: no --score besides, which would be ignored', () => {
    expect(() => resolveCompareSettings({ compare: 'all,excess', score: 'random' })).toThrow('--compare names the selections of its runs, got --score random besides');
    expect(() => resolveCompareSettings({ compare: 'all,excess' }, ['run.steps=3', 'selection.score=random'])).toThrow('got --set selection.score=random besides');
  });

  it('must be given where --seeds is', () => {
    expect(() => resolveCompareSettings({ seeds: '3' })).toThrow('got nothing');
  });

  it.each(['0', '-1', '1.5', 'many', '', '1001'])('refuses --seeds %j', (seeds) => {
    expect(() => resolveCompareSettings({ compare: 'all,excess', seeds })).toThrow(`--seeds must be a whole number from 1 to 1000, got "${seeds}"`);
  });
});

import { describe, expect, it } from 'vitest';
import { resolveSelection, type SelectionOptions } from '../../src/selection/options.js';

describe('selection options', () => {
  it('default to the excess loss of the best 60 % of the batch', () => {
    expect(resolveSelection({})).toEqual({
      score: 'excess', keepFraction: 0.6, threshold: null, scope: 'batch', referenceLossCap: null, warmupSteps: 0, temperature: null, denominator: 'selected',
    });
  });

  it('hold a threshold or a fraction, and compare losses in float32', () => {
    expect(resolveSelection({ threshold: 0.1, referenceLossCap: 0.3 })).toMatchObject({ keepFraction: null, threshold: Math.fround(0.1), referenceLossCap: Math.fround(0.3) });
  });

  it.each<[string, SelectionOptions]>([
    ['selection takes keepFraction or threshold, got both (0.5 and 1)', { keepFraction: 0.5, threshold: 1 }],
    ['selection.keepFraction must be from 0.000001 to 1, got 60', { keepFraction: 60 }],
    ['selection.keepFraction must be from 0.000001 to 1, got 0', { keepFraction: 0 }],
    ['selection.keepFraction must be from 0.000001 to 1, got 1e-7', { keepFraction: 1e-7 }],
    ['selection.keepFraction must be from 0.000001 to 1, got -0.5', { keepFraction: -0.5 }],
    ['selection.keepFraction must be from 0.000001 to 1, got NaN', { keepFraction: NaN }],
    ['selection.threshold must be a finite number, got Infinity', { threshold: Infinity }],
    ['selection.threshold must be a finite number, got 1e+39', { threshold: 1e39 }],
    ['selection.threshold does not go with score intersection, only with excess, reference, entropy and random', { score: 'intersection', threshold: 1 }],
    ['selection.threshold does not go with score all, only with excess, reference, entropy and random', { score: 'all', threshold: 1 }],
    ['selection.referenceLossCap must be a finite number of nats above 0, got 0', { referenceLossCap: 0 }],
    ['selection.referenceLossCap must be a finite number of nats above 0, got NaN', { referenceLossCap: NaN }],
    ['selection.warmupSteps must be a whole number from 0, got 1.5', { warmupSteps: 1.5 }],
    ['selection.warmupSteps must be a whole number from 0, got -1', { warmupSteps: -1 }],
    ['selection.reweight.temperature must be a finite number of nats above 0, got 0', { reweight: { temperature: 0 } }],
    ['selection.reweight does not go with score random, only with excess, reference and entropy', { score: 'random', reweight: { temperature: 1 } }],
    ['selection.score must be one of excess, reference, entropy, intersection, random, all, got best', { score: 'best' as 'all' }],
    ['selection.scope must be one of batch, sequence, got token', { scope: 'token' as 'batch' }],
    ['selection.denominator must be one of selected, all, got kept', { denominator: 'kept' as 'all' }],
  ])('are refused: %s', (message, options) => {
    expect(() => resolveSelection(options)).toThrow(expect.objectContaining({ kind: 'usage', message }));
  });
});

import { describe, expect, it } from 'vitest';
import { learningRate, type LearningRateSchedule } from '../../src/math/learning-rate.js';

const schedule = (kind: LearningRateSchedule['kind']): LearningRateSchedule => ({ peak: 1, floor: 0.1, kind, warmupSteps: 4, steps: 20 });

describe('learningRate', () => {
  it('rises linearly to its peak in the warm-up', () => {
    expect([0, 1, 2, 3].map((step) => learningRate(step, schedule('cosine')))).toEqual([0.25, 0.5, 0.75, 1]);
  });

  it.each(['cosine', 'linear'] as const)('falls steadily from the peak to the floor (%s)', (kind) => {
    const rates = Array.from({ length: 17 }, (_, at) => learningRate(4 + at, schedule(kind)));
    expect(rates.every((rate, at) => at === 0 || rate < rates[at - 1]!)).toBe(true);
    expect(rates[0]).toBe(1);
    expect(rates.at(-1)).toBeCloseTo(0.1, 12);
    expect(rates[8]).toBeCloseTo(0.55, 12); // half-way, both kinds are half-way
  });

  it.each(['cosine', 'linear', 'constant'] as const)('is above 0 at every step of a run whose floor is 0, the only step too (%s)', (kind) => {
    for (const steps of [1, 2, 7]) {
      const rates = Array.from({ length: steps }, (_, step) => learningRate(step, { peak: 1, floor: 0, kind, warmupSteps: 0, steps }));
      expect(rates[0]).toBe(1);
      expect(Math.min(...rates)).toBeGreaterThan(0);
    }
  });

  it('is that of transformers after a warm-up: cosine of the steps since then', () => {
    // get_cosine_schedule_with_warmup(optimizer, 0, 4) of transformers 5.18, a learning rate of 1.
    const rates = [0, 1, 2, 3].map((step) => learningRate(step, { peak: 1, floor: 0, kind: 'cosine', warmupSteps: 0, steps: 4 }));
    [1, 0.8535533905932737, 0.5, 0.14644660940672627].forEach((expected, at) => { expect(rates[at]).toBeCloseTo(expected, 14); });
  });

  it('stays at the peak when constant, and needs no warm-up', () => {
    expect(learningRate(19, schedule('constant'))).toBe(1);
    expect(learningRate(0, { ...schedule('constant'), warmupSteps: 0 })).toBe(1);
  });
});

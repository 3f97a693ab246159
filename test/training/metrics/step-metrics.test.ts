import { describe, expect, it } from 'vitest';

import { beforeTraining, keptNothing, metricsLine, parseMetricsLine } from '../../../src/training/metrics/step-metrics.js';
import { stepRecord } from './sample-steps.js';

describe('the record of a step', () => {
  it('is one line of JSON and comes back as it was', () => {
    const record = stepRecord(3, { loss: 0.1 + 0.2, evaluations: [{ name: 'gsm8k-test', loss: 2.25 }, { name: 'line\nbreak', loss: 3 }] });
    const text = metricsLine(record);
    expect(text).not.toContain('\n');
    expect(parseMetricsLine(text, 'line 1')).toEqual(record);
    expect(Object.keys(JSON.parse(text) as object)).not.toContain('nullReasons');
  });

  it('has null for what is not a finite number, with the reason, and gets the number back', () => {
    const record = stepRecord(3, { loss: NaN, gradientNorm: Infinity, meanExcessDropped: NaN, meanExcessKept: -Infinity, evaluations: [{ name: 'a', loss: NaN }] });
    expect(JSON.parse(metricsLine(record))).toMatchObject({
      loss: null, gradientNorm: null, meanExcessKept: null, meanExcessDropped: null, lossAll: record.lossAll, evaluations: [{ name: 'a', loss: null }],
      nullReasons: {
        loss: 'not a number', gradientNorm: 'Infinity', meanExcessKept: '-Infinity', meanExcessDropped: 'no dropped token has a reference loss', 'evaluations.a': 'not a number',
      },
    });
    expect(parseMetricsLine(metricsLine(record), 'line 1')).toEqual(record);
  });

  it('says so where the selection kept no token', () => {
    const record = stepRecord(3, { loss: NaN, keptShare: 0, meanExcessKept: NaN });
    expect(JSON.parse(metricsLine(record))).toMatchObject({ loss: null, nullReasons: { loss: 'no token was kept', meanExcessKept: 'no token was kept' } });
    expect([keptNothing(record), keptNothing({ ...record, weightShare: 0.1 }), keptNothing(stepRecord(3)), keptNothing(beforeTraining([]))]).toEqual([true, false, false, false]);
  });

  it('holds the share of the weights only where tokens had weights', () => {
    const record = stepRecord(3, { weightShare: 0.75 });
    expect(parseMetricsLine(metricsLine(record), 'line 1')).toEqual(record);
    expect(metricsLine(stepRecord(3))).not.toContain('weightShare');
  });

  it('of step 0 holds evaluations alone', () => {
    const record = beforeTraining([{ name: 'gsm8k-test', loss: 7.5 }]);
    expect(JSON.parse(metricsLine(record))).toMatchObject({ step: 0, consumedTokens: 0, loss: null, evaluations: [{ name: 'gsm8k-test', loss: 7.5 }], nullReasons: { loss: 'before the first step' } });
    expect(parseMetricsLine(metricsLine(record), 'line 1')).toEqual(record);
  });

  it.each([
    ['no JSON', '{"step":1'],
    ['a missing value', metricsLine(stepRecord(1)).replace('"lossAll":4.5,', '')],
    ['an unknown key', metricsLine(stepRecord(1)).replace('"loss"', '"los"')],
    ['a step that is no whole number', metricsLine(stepRecord(1)).replace('"step":1', '"step":1.5')],
    ['text for a number', metricsLine(stepRecord(1)).replace('"loss":4', '"loss":"4"')],
  ])('is refused with %s, naming the line', (_, text) => {
    expect(() => parseMetricsLine(text, 'line 7 of metrics.jsonl')).toThrow('line 7 of metrics.jsonl must be a record of a training step: ');
  });
});

import { describe, expect, it } from 'vitest';
import { checkConditions, parseConditions } from '../../src/audit/conditions.js';
import { METRIC_RULES } from '../../src/audit/metrics.js';
import type { Metric } from '../../src/audit/report-data.js';

const metric = (name: string, value: number | null, share: number | null = null): Metric => {
  const { unit, meaning, needs } = METRIC_RULES.find((rule) => rule.name === name)!;
  return { name, value, unit, share, meaning, needs };
};

describe('the conditions of --fail-on', () => {
  it('name a metric, an operator and a number, as a count or as a share of its whole', () => {
    const conditions = parseConditions('nonfinite>0, quarantined > 0.1%,psi>=.25 ,meanLoss<1e-3, p99<=20');
    expect(conditions.map(({ metric: name, operator, limit, asShare }) => [name, operator, limit, asShare])).toEqual([
      ['nonfinite', '>', 0, false], ['quarantined', '>', 0.001, true], ['psi', '>=', 0.25, false], ['meanLoss', '<', 1e-3, false], ['p99', '<=', 20, false],
    ]);
    expect(conditions[1]!.condition).toBe('quarantined > 0.1%');
  });

  it('fail where they are true, and not at the limit itself', () => {
    const metrics = [metric('quarantined', 3, 0.003), metric('meanLoss', 2.5)];
    const failed = (text: string): boolean[] => checkConditions(parseConditions(text), metrics).map((check) => check.failed);
    expect(failed('quarantined>3, quarantined>=3, quarantined>2, quarantined<3, quarantined<=3')).toEqual([false, true, true, false, true]);
    expect(failed('quarantined>0.3%, quarantined>0.29%, meanLoss<2.6')).toEqual([false, true, true]);
  });

  it('refuse a metric that does not exist, with the nearest name and all names', () => {
    expect(() => parseConditions('nonfinit>0')).toThrow(/no metric nonfinit \(did you mean nonfinite\?\); the metrics are unfinished, .*meanExcess$/);
    expect(() => parseConditions('mean_loss>0')).toThrow('did you mean meanLoss?');
    expect(() => parseConditions('zebra>0')).toThrow('there is no metric zebra; the metrics are');
  });

  it.each(['', 'psi', 'psi>', 'psi>a', 'psi>1 2', 'psi==1', '>1', 'psi>1,', 'psi>1%%'])('refuse %j, which is no condition', (text) => {
    expect(() => parseConditions(text)).toThrow('--fail-on must hold conditions');
  });

  it('refuse what needs a flag that was not given, before anything is read', () => {
    expect(() => parseConditions('psi>0.1', [])).toThrow('this audit has no psi, which needs --compare');
    expect(() => parseConditions('psi>0.1, meanExcess>1', ['--compare'])).toThrow('this audit has no meanExcess, which needs --live');
  });

  it('refuse a percentage of what is no share, and a metric this audit does not have', () => {
    expect(() => parseConditions('meanLoss>1%')).toThrow('meanLoss is no share of anything');
    expect(() => checkConditions(parseConditions('psi>0.1'), [metric('psi', null)])).toThrow('this audit has no psi, which needs --compare');
  });
});

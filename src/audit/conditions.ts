import { distance } from 'fastest-levenshtein';
import { TouchstoneError } from '../errors.js';
import { METRIC_RULES } from './metrics.js';
import type { Check, Metric } from './report-data/checks.js';

/** A condition of --fail-on: the audit fails where it is true. */
export type Condition = Pick<Check, 'condition' | 'metric' | 'operator' | 'limit' | 'asShare'>;

/** What is always asked besides: numbers of a run that is not whole prove nothing. A condition on the same metric takes the place of one of these. */
const ALWAYS = 'unfinished>0, damaged>0';

const GRAMMAR = /^([A-Za-z][A-Za-z0-9_.-]*)\s*(>=|<=|>|<)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)$/;
const ADVICE = 'For example --fail-on "nonfinite>0, quarantined>0.1%, psi>0.25".';

/**
 * Parses conditions between commas: a metric, one of > >= < <=, and a number, with a percent sign where the metric is meant as a share of its whole. Throws a usage
 * error for anything else, for a metric that does not exist (with the nearest name and all names), for a percentage of what is no share, and for a metric that
 * needs a flag which is not `given`: all before anything is read.
 */
export function parseConditions(text: string, given: readonly string[] = ['--compare', '--live']): Condition[] {
  return text.split(',').map((part) => {
    const condition = part.trim();
    const [, metric, operator, number, percent] = GRAMMAR.exec(condition) ?? [];
    if (metric === undefined) {
      throw new TouchstoneError('usage', `--fail-on must hold conditions such as "nonfinite>0" between commas, got ${JSON.stringify(condition)}`, { advice: ADVICE });
    }
    const rule = METRIC_RULES.find(({ name }) => name === metric);
    if (rule === undefined) throw unknownMetric(metric);
    const flag = /^--[a-z]+/.exec(rule.needs ?? '')?.[0];
    if (flag !== undefined && !given.includes(flag)) throw new TouchstoneError('usage', `--fail-on ${JSON.stringify(condition)}: this audit has no ${metric}, which needs ${flag}`);
    const asShare = percent === '%';
    if (asShare && rule.whole === undefined && rule.unit !== 'share') {
      throw new TouchstoneError('usage', `--fail-on ${JSON.stringify(condition)}: ${metric} is no share of anything, expected a number without a percent sign`, { advice: `${metric} is the ${rule.meaning}, in ${rule.unit}.` });
    }
    return { condition, metric, operator: operator as Check['operator'], limit: asShare ? Number(number) / 100 : Number(number), asShare };
  });
}

/** The conditions as written, and those of ALWAYS on metrics that they do not name. */
export function withWholeness(conditions: readonly Condition[]): Condition[] {
  return [...conditions, ...parseConditions(ALWAYS).filter(({ metric }) => conditions.every((condition) => condition.metric !== metric))];
}

/** Evaluates conditions. Throws a usage error for a metric that this audit does not have: a condition that cannot be looked at must not pass. */
export function checkConditions(conditions: readonly Condition[], metrics: readonly Metric[]): Check[] {
  return conditions.map((condition) => {
    const metric = metrics.find(({ name }) => name === condition.metric);
    const value = condition.asShare ? metric?.share : metric?.value;
    if (metric === undefined || value === undefined || value === null) {
      throw new TouchstoneError('usage', `--fail-on ${JSON.stringify(condition.condition)}: this audit has no ${condition.metric}, which needs ${metric?.needs ?? 'something to count'}`);
    }
    return { ...condition, value, failed: compare(value, condition.operator, condition.limit) };
  });
}

function compare(value: number, operator: Check['operator'], limit: number): boolean {
  switch (operator) {
    case '>': return value > limit;
    case '>=': return value >= limit;
    case '<': return value < limit;
    case '<=': return value <= limit;
  }
}

function unknownMetric(name: string): TouchstoneError {
  const plain = (word: string): string => word.toLowerCase().replace(/[-_.]/g, '');
  const names = METRIC_RULES.map((rule) => rule.name);
  const near = [...names].sort((a, b) => distance(plain(name), plain(a)) - distance(plain(name), plain(b)))[0]!;
  const meant = distance(plain(name), plain(near)) <= Math.max(2, Math.floor(near.length / 3)) ? ` (did you mean ${near}?)` : '';
  return new TouchstoneError('usage', `--fail-on: there is no metric ${name}${meant}; the metrics are ${names.join(', ')}`, { advice: ADVICE });
}

import { TouchstoneError } from '../errors.js';
import { SELECTION_SCORES, type SelectionScore } from '../selection/options.js';
import { quote } from './setting.js';

export interface CompareSettings {
  readonly selections: readonly SelectionScore[];
  readonly seeds: number;
}

const DEFAULT_SEEDS = 3;
const MOST_SEEDS = 1000;

/** What --compare and --seeds ask for, as commander parsed them; `set` has the values of --set. Throws a usage error that names the flag, the expectation and the value found. */
export function resolveCompareSettings(flags: Readonly<Record<string, unknown>>, set: readonly string[] = []): CompareSettings {
  const { compare, score, seeds = String(DEFAULT_SEEDS) } = flags as { readonly compare?: string; readonly score?: string; readonly seeds?: string };
  const advice = 'For example --compare all,random,reference,excess --seeds 3.';
  const names = (compare ?? '').split(',').map((name) => name.trim());
  const selections = SELECTION_SCORES.filter((score) => names.includes(score)).sort((a, b) => names.indexOf(a) - names.indexOf(b));
  if (selections.length !== names.length || selections.length < 2) {
    throw new TouchstoneError('usage', `--compare must name two or more of ${SELECTION_SCORES.join(', ')}, none twice, got ${compare === undefined ? 'nothing' : quote(compare)}`, { advice });
  }
  const other = score === undefined ? set.find((text) => /^\s*selection\.score\s*=/.test(text)) : `--score ${score}`;
  if (other !== undefined) {
    throw new TouchstoneError('usage', `--compare names the selections of its runs, got ${score === undefined ? `--set ${other}` : other} besides`, { advice: 'Leave it out, or add its score to those of --compare.' });
  }
  const count = Number(seeds);
  if (!Number.isInteger(count) || count < 1 || count > MOST_SEEDS) throw new TouchstoneError('usage', `--seeds must be a whole number from 1 to ${MOST_SEEDS}, got ${quote(seeds)}`, { advice });
  return { selections, seeds: count };
}

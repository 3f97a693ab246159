import { TouchstoneError } from '../errors.js';
import { SELECTION_SCORES, type SelectionScore } from '../selection/options.js';
import { quote } from './setting.js';

export interface CompareSettings {
  readonly selections: readonly SelectionScore[];
  readonly seeds: number;
}

const DEFAULT_SEEDS = 3;
const MOST_SEEDS = 1000;

/** What --compare and --seeds ask for, as commander parsed them. Throws a usage error that names the flag, the expectation and the value found. */
export function resolveCompareSettings(flags: Readonly<Record<string, unknown>>): CompareSettings {
  const { compare, seeds = String(DEFAULT_SEEDS) } = flags as { readonly compare?: string; readonly seeds?: string };
  const advice = 'For example --compare all,random,reference,excess --seeds 3.';
  const names = (compare ?? '').split(',').map((name) => name.trim());
  const selections = SELECTION_SCORES.filter((score) => names.includes(score)).sort((a, b) => names.indexOf(a) - names.indexOf(b));
  if (selections.length !== names.length || selections.length < 2) {
    throw new TouchstoneError('usage', `--compare must name two or more of ${SELECTION_SCORES.join(', ')}, none twice, got ${compare === undefined ? 'nothing' : quote(compare)}`, { advice });
  }
  const count = Number(seeds);
  if (!Number.isInteger(count) || count < 1 || count > MOST_SEEDS) throw new TouchstoneError('usage', `--seeds must be a whole number from 1 to ${MOST_SEEDS}, got ${quote(seeds)}`, { advice });
  return { selections, seeds: count };
}

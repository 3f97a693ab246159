import type { SettingDifference } from './comparison.js';

/** Digits of a hash, enough to tell it from another. */
const HASH_DIGITS = 12;

/** Settings in which runs differ as rows of cells, the first of them the header: the names of the runs. */
export function differencesTable(names: readonly string[], differences: readonly SettingDifference[]): readonly (readonly string[])[] {
  return [['setting', ...names], ...differences.map(({ setting, values }) => [setting, ...values.map((value) => (value === null ? '-' : shortened(String(value))))])];
}

/** What the differences mean, a sentence or two. */
export function differencesNote(differences: readonly SettingDifference[]): string {
  if (differences.length === 0) return 'The runs were made with the same settings.';
  const others = differences.filter(({ setting }) => !setting.startsWith('selection.') && setting !== 'objective.kind');
  if (others.length === 0) return 'The runs differ in their selection alone.';
  return `The runs differ in more than their selection (${others.map(({ setting }) => setting).join(', ')}): what their losses differ by may come from that.`;
}

function shortened(value: string): string {
  return value.replace(/[0-9a-f]{64}/g, (hash) => hash.slice(0, HASH_DIGITS));
}

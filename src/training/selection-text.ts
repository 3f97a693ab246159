import type { RunSettings } from './run-settings.js';

/** What a run trains on, from its recorded settings: "excess, keepFraction 0.5", "reference, threshold 2, scope sequence", "all", or "every token" for plain training. */
export function selectionText(settings: RunSettings): string {
  const of = (key: string): RunSettings[string] => settings[`selection.${key}`] ?? null;
  const score = of('score');
  if (score === null) return 'every token';
  if (score === 'all') return 'all';
  return [
    score,
    of('threshold') === null ? `keepFraction ${of('keepFraction')}` : `threshold ${of('threshold')}`,
    ...(of('scope') === 'sequence' ? ['scope sequence'] : []),
    ...(of('referenceLossCap') === null ? [] : [`referenceLossCap ${of('referenceLossCap')}`]),
    ...(of('warmupSteps') === 0 ? [] : [`warmupSteps ${of('warmupSteps')}`]),
    ...(of('temperature') === null ? [] : [`temperature ${of('temperature')}`]),
    ...(of('denominator') === 'all' ? ['denominator all'] : []),
  ].join(', ');
}

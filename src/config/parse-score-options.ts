import type { PlanOptions, ScoreOptions } from '../scoring/options.js';
import { resolveSettings, type SettingsInput } from './resolve-settings.js';
import { planSettings, scoreSettings } from './score-settings.js';

/**
 * The options of `touchstone score`: flags before --set before the YAML file before defaults, all paths absolute. Reads the YAML file and nothing else.
 * Throws one usage error that lists everything that is wrong, each with place, key, expectation and value found.
 */
export function resolveScoreOptions(input: SettingsInput): ScoreOptions {
  return resolveSettings(scoreSettings, input);
}

/** The same for a command that writes nothing, which needs no run folder. */
export function resolvePlanOptions(input: SettingsInput): PlanOptions {
  return resolveSettings(planSettings, input);
}

import { TouchstoneError } from '../errors.js';
import type { ScoreOptions } from '../scoring/options.js';
import { limit } from './expectations.js';
import { quote } from './setting.js';

/** What commander hands over for the limits of a finished run. */
export interface ThresholdFlags {
  readonly maxQuarantined?: string;
  readonly maxNonfinite?: string;
}

/** The limits, none where a flag is absent. Throws a usage error that names the flag, the expectation and the value found. */
export function resolveThresholds({ maxQuarantined, maxNonfinite }: ThresholdFlags): ScoreOptions['thresholds'] {
  return { maxQuarantined: limitOf('--max-quarantined', maxQuarantined), maxNonfinite: limitOf('--max-nonfinite', maxNonfinite) };
}

function limitOf(flag: string, text: string | undefined): ScoreOptions['thresholds']['maxQuarantined'] {
  const checked = limit().safeParse(text ?? null);
  if (checked.success) return checked.data;
  throw new TouchstoneError('usage', `${flag} ${checked.error.issues[0]!.message}, got ${quote(text)}`);
}

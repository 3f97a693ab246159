import { TouchstoneError } from '../errors.js';
import type { AuditOptions } from '../audit/options.js';
import { DRIFT_LIMITS, type DriftLimits } from '../audit/report-data/drift.js';
import { quote } from './setting.js';

/** What commander hands over for `touchstone audit`. */
export interface AuditFlags {
  readonly compare?: string;
  readonly dynamics?: readonly string[];
  readonly live?: string;
  readonly keepFraction?: string;
  readonly tokenizer?: string;
  readonly seed?: string;
  readonly verify?: boolean;
  readonly limits?: string;
  readonly failOn?: string;
}

const DEFAULT_SEED = '0';
const DEFAULT_KEEP_FRACTIONS = [0.6];
const MOST_FRACTIONS = 8;

/** The options of an audit with every default filled in. Throws a usage error that names the flag, the expectation and the value found. */
export function resolveAuditOptions(run: string, flags: AuditFlags): AuditOptions {
  if (flags.keepFraction !== undefined && flags.live === undefined) {
    throw new TouchstoneError('usage', '--keep-fraction needs the losses of a live model, got no --live', { advice: 'Add --live with the score set of the trained model over the same documents.' });
  }
  return {
    run,
    compare: flags.compare ?? null,
    dynamics: flags.dynamics ?? [],
    live: flags.live ?? null,
    keepFractions: flags.keepFraction === undefined ? DEFAULT_KEEP_FRACTIONS : keepFractions(flags.keepFraction),
    tokenizer: flags.tokenizer ?? null,
    seed: flags.seed ?? DEFAULT_SEED,
    verify: flags.verify === true,
    limits: flags.limits === undefined ? DRIFT_LIMITS : driftLimits(flags.limits),
    failOn: flags.failOn ?? null,
  };
}

function keepFractions(text: string): number[] {
  const fractions = [...new Set(text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part))))].sort((a, b) => a - b);
  if (fractions.length <= MOST_FRACTIONS && fractions.every((fraction) => fraction <= 1 && Math.round(fraction * 1e6) >= 1)) return fractions;
  throw new TouchstoneError('usage', `--keep-fraction must be up to ${MOST_FRACTIONS} shares above 0 and at most 1 between commas, got ${quote(text)}`, { advice: 'For example --keep-fraction 0.4,0.6.' });
}

/** "psi=0.1:0.25,wasserstein=0.1:0.25": watch and alarm of each distance; one left out keeps its default. */
function driftLimits(text: string): DriftLimits {
  const limits: { -readonly [name in keyof DriftLimits]: DriftLimits[name] } = { ...DRIFT_LIMITS };
  for (const part of text.split(',')) {
    const [, name, watch, alarm] = /^\s*(psi|wasserstein)\s*=\s*([\d.]+)\s*:\s*([\d.]+)\s*$/.exec(part) ?? [];
    const [low, high] = [Number(watch), Number(alarm)];
    if (name === undefined || !(low > 0 && low <= high)) {
      throw new TouchstoneError('usage', `--limits must give psi or wasserstein two numbers, watch and a larger or equal alarm, got ${quote(part.trim())}`, { advice: 'For example --limits psi=0.1:0.25,wasserstein=0.1:0.25.' });
    }
    limits[name as keyof DriftLimits] = { watch: low, alarm: high };
  }
  return limits;
}

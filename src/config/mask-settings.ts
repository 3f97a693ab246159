import { resolve } from 'node:path';
import { TouchstoneError } from '../errors.js';
import type { MaskOptions } from '../masks/options.js';
import { quote } from './setting.js';

/** What commander hands over for `touchstone select`. */
export interface MaskFlags {
  readonly out?: string;
  readonly score?: string;
  readonly live?: string;
  readonly keepFraction?: string;
  readonly threshold?: string;
  readonly scope?: string;
  readonly referenceLossCap?: string;
  readonly seed?: string;
  readonly format?: string;
}

const SCORES = ['reference', 'entropy', 'excess', 'intersection', 'random'] as const;
const DEFAULT_SCORE = 'reference';
const DEFAULT_KEEP_FRACTION = 0.6;

/** The options of a static selection with every default filled in. Throws a usage error that names the flag, the expectation and the value found. */
export function resolveMaskOptions(run: string, flags: MaskFlags): MaskOptions {
  if (flags.out === undefined || flags.out === '') throw new TouchstoneError('usage', '--out must name a folder for the masks, got nothing', { advice: 'For example --out masks/reference-60.' });
  if (flags.keepFraction !== undefined && flags.threshold !== undefined) {
    throw new TouchstoneError('usage', `a selection takes --keep-fraction or --threshold, got both (${flags.keepFraction} and ${flags.threshold})`, { advice: 'Leave one of them out.' });
  }
  if (flags.live !== undefined && flags.score !== 'excess') {
    throw new TouchstoneError('usage', `--live is read by --score excess alone, got --score ${flags.score ?? DEFAULT_SCORE}`, { advice: 'Add --score excess, or leave --live out.' });
  }
  return {
    run: resolve(run),
    live: flags.live === undefined ? null : resolve(flags.live),
    out: resolve(flags.out),
    score: oneOf('--score', flags.score ?? DEFAULT_SCORE, SCORES),
    keepFraction: flags.threshold === undefined ? numberOf('--keep-fraction', flags.keepFraction ?? String(DEFAULT_KEEP_FRACTION), 'a share above 0 and at most 1', (value) => value <= 1 && Math.round(value * 1e6) >= 1) : null,
    threshold: flags.threshold === undefined ? null : numberOf('--threshold', flags.threshold, 'a number', Number.isFinite),
    scope: oneOf('--scope', flags.scope ?? 'corpus', ['corpus', 'document']),
    referenceLossCap: flags.referenceLossCap === undefined ? null : numberOf('--reference-loss-cap', flags.referenceLossCap, 'a number of nats above 0', (value) => value > 0 && Number.isFinite(value)),
    seed: numberOf('--seed', flags.seed ?? '0', 'a whole number from 0 to 4294967295', (value) => value >>> 0 === value),
    format: oneOf('--format', flags.format ?? 'mask', ['mask', 'labels']),
  };
}

function oneOf<T extends string>(flag: string, found: string, allowed: readonly T[]): T {
  const value = allowed.find((candidate) => candidate === found);
  if (value === undefined) throw new TouchstoneError('usage', `${flag} must be one of ${allowed.join(', ')}, got ${quote(found)}`);
  return value;
}

function numberOf(flag: string, text: string, expectation: string, holds: (value: number) => boolean): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (!holds(value)) throw new TouchstoneError('usage', `${flag} must be ${expectation}, got ${quote(text)}`);
  return value;
}

import { TouchstoneError } from '../errors.js';

/**
 * What decides whether a token is worth training on.
 * - `excess`: live loss minus reference loss; high is kept (Rho-1, arXiv 2404.07965, section 2.2).
 * - `reference`: the reference loss; low is kept. A token that the reference model finds hard counts as noise (section 3.4).
 * - `entropy`: the entropy of the reference model's prediction; low is kept (section 3.4).
 * - `intersection`: tokens that a `reference` and an `entropy` selection of equal size both keep (section 3.4); see intersection.ts.
 * - `random`: seeded random numbers; high is kept. The control at equal trained tokens.
 * - `all`: every candidate, whatever `keepFraction` says. The control of plain training.
 */
export type SelectionScore = 'excess' | 'reference' | 'entropy' | 'intersection' | 'random' | 'all';

/** Tokens that compete with one another for the kept share. */
export type SelectionScope = 'batch' | 'sequence';

/** What the sum of the kept losses is divided by. */
export type SelectionDenominator = 'selected' | 'all';

export interface SelectionOptions {
  /** Default `excess`. */
  readonly score?: SelectionScore;
  /** Share of the candidates that is kept, above 0 and at most 1, read to six decimals; see keepCount. Default 0.6, the best of the sweep in Rho-1. */
  readonly keepFraction?: number;
  /**
   * Instead of keepFraction, in the score's own unit: kept is a token whose excess loss (or random number) is at least this, or whose
   * reference loss (or entropy) is at most this. May keep no token at all. Not for `intersection` and `all`.
   */
  readonly threshold?: number;
  /** `sequence` is the formula of Rho-1, `batch` its prose. Makes no difference to a threshold. Default `batch`. */
  readonly scope?: SelectionScope;
  /** A token whose reference loss is above this many nats is never a candidate, in warm-up neither: noise by decree. Default: no cap. */
  readonly referenceLossCap?: number;
  /** Steps 0 to warmupSteps - 1 keep every candidate. Default 0. */
  readonly warmupSteps?: number;
  /**
   * Weights instead of a mask: a token that is not kept counts exp(-d / temperature), d nats being what its score lacks to the lowest
   * kept score (or to the threshold); kept tokens count 1. Only for scores in nats: `excess`, `reference`, `entropy`. Default: a mask.
   */
  readonly reweight?: { readonly temperature: number };
  /**
   * `selected`: the number of kept tokens, or the sum of the weights. `all`: every scored token, so that a kept token pulls exactly
   * as hard as it does in plain training. Default `selected`.
   */
  readonly denominator?: SelectionDenominator;
}

/** SelectionOptions with every default filled in; null = not used. Numbers that meet losses are rounded to float32. */
export interface SelectionRule {
  readonly score: SelectionScore;
  /** null where a threshold rules. */
  readonly keepFraction: number | null;
  readonly threshold: number | null;
  readonly scope: SelectionScope;
  readonly referenceLossCap: number | null;
  readonly warmupSteps: number;
  readonly temperature: number | null;
  readonly denominator: SelectionDenominator;
}

export const SELECTION_SCORES: readonly SelectionScore[] = ['excess', 'reference', 'entropy', 'intersection', 'random', 'all'];
const DEFAULT_KEEP_FRACTION = 0.6;

/** Fills the defaults in. Throws a usage error for a value out of range and for settings that contradict each other. */
export function resolveSelection(options: SelectionOptions): SelectionRule {
  const { score = 'excess', scope = 'batch', denominator = 'selected', warmupSteps = 0, keepFraction, threshold, reweight } = options;
  oneOf('score', score, SELECTION_SCORES);
  oneOf('scope', scope, ['batch', 'sequence']);
  oneOf('denominator', denominator, ['selected', 'all']);

  if (keepFraction !== undefined && threshold !== undefined) {
    throw new TouchstoneError('usage', `selection takes keepFraction or threshold, got both (${keepFraction} and ${threshold})`, {
      advice: 'Leave one of them out; --set selection.keepFraction=null takes back what a settings file gives.',
    });
  }
  if (keepFraction !== undefined && !(keepFraction <= 1 && Math.round(keepFraction * 1e6) >= 1)) {
    throw outOfRange('keepFraction', 'from 0.000001 to 1', keepFraction, 'It is a share: 0.6 keeps 60 % of the tokens.');
  }
  if (threshold !== undefined) {
    if (score === 'intersection' || score === 'all') throw notFor('threshold', score, 'excess, reference, entropy and random');
    if (!isFloat32(threshold)) throw outOfRange('threshold', 'a finite number', threshold);
  }
  if (options.referenceLossCap !== undefined && !(options.referenceLossCap > 0 && isFloat32(options.referenceLossCap))) {
    throw outOfRange('referenceLossCap', 'a finite number of nats above 0', options.referenceLossCap);
  }
  if (!Number.isSafeInteger(warmupSteps) || warmupSteps < 0) throw outOfRange('warmupSteps', 'a whole number from 0', warmupSteps);
  if (reweight !== undefined) {
    if (score !== 'excess' && score !== 'reference' && score !== 'entropy') throw notFor('reweight', score, 'excess, reference and entropy');
    if (!(reweight.temperature > 0 && isFloat32(reweight.temperature))) {
      throw outOfRange('reweight.temperature', 'a finite number of nats above 0', reweight.temperature);
    }
  }

  return {
    score,
    keepFraction: threshold === undefined ? (keepFraction ?? DEFAULT_KEEP_FRACTION) : null,
    threshold: threshold === undefined ? null : Math.fround(threshold),
    scope,
    referenceLossCap: options.referenceLossCap === undefined ? null : Math.fround(options.referenceLossCap),
    warmupSteps,
    temperature: reweight?.temperature ?? null,
    denominator,
  };
}

function isFloat32(value: number): boolean {
  return Number.isFinite(Math.fround(value));
}

function oneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw outOfRange(name, `one of ${allowed.join(', ')}`, value);
}

function outOfRange(name: string, expected: string, found: number | string, advice?: string): TouchstoneError {
  return new TouchstoneError('usage', `selection.${name} must be ${expected}, got ${found}`, advice === undefined ? {} : { advice });
}

function notFor(name: string, score: SelectionScore, fit: string): TouchstoneError {
  return new TouchstoneError('usage', `selection.${name} does not go with score ${score}, only with ${fit}`, {
    advice: `Leave ${name} out or choose another score.`,
  });
}

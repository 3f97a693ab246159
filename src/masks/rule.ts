import { TouchstoneError } from '../errors.js';
import { resolveSelection, type SelectionOptions, type SelectionRule } from '../selection/options.js';
import type { MaskOptions } from './options.js';

/** The rule of src/selection; a document is what it calls a sequence. */
export function ruleOf({ score, keepFraction, threshold, scope, referenceLossCap, live }: MaskOptions): SelectionRule {
  if (score === 'excess' && live === null) {
    throw new TouchstoneError('usage', '--score excess needs the losses of a live model, got no --live', { advice: 'Score the corpus with the live model too and name that run, or select by reference.' });
  }
  if (score === 'intersection' && scope === 'corpus') {
    throw new TouchstoneError('usage', '--score intersection compares ranks within a document, got --scope corpus', { advice: 'Add --scope document.' });
  }
  return resolveSelection({
    score,
    scope: scope === 'corpus' ? 'batch' : 'sequence',
    ...(keepFraction === null ? {} : { keepFraction }),
    ...(threshold === null ? {} : { threshold }),
    ...(referenceLossCap === null ? {} : { referenceLossCap }),
  });
}

/** A rule as `selectTokens` takes it. */
export const optionsOf = ({ score, scope, keepFraction, threshold, referenceLossCap }: SelectionRule): SelectionOptions => ({
  score,
  scope,
  ...(keepFraction === null ? {} : { keepFraction }),
  ...(threshold === null ? {} : { threshold }),
  ...(referenceLossCap === null ? {} : { referenceLossCap }),
});

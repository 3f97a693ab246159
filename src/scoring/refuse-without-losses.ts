import { TouchstoneError } from '../errors.js';
import type { Manifest } from '../run/manifest.js';

/**
 * Refuses a complete run that is of no use to anybody, whatever limits the user set. The run stays as it is, manifest included.
 * @throws TouchstoneError ('data') where no document was read, none could be scored, or not one loss is finite
 */
export function refuseWithoutLosses(run: string, { documents: { read, scored }, totals }: Manifest): void {
  if (read === 0) {
    throw new TouchstoneError('data', 'no document was read, expected at least one: the files of the corpus are empty', { advice: `What was looked at stands in ${run}/plan.json, under corpus.files.` });
  }
  if (scored === 0) {
    throw new TouchstoneError('data', `${read === 1 ? 'the only document read could not be scored' : `none of the ${read} documents read could be scored`}, expected at least one`, { advice: `Why each was left out: ${run}/quarantine` });
  }
  if (totals.nonfinite > 0 && totals.scored === 0) {
    throw new TouchstoneError('data', `not one of the ${totals.nonfinite} losses that were computed is finite, expected at least one: all of them are stored as NaN`, {
      advice: "The model's weights, or its precision, give no probabilities: check the checkpoint, and score it again with another --out.",
    });
  }
}

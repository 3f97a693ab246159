import type { Calibration } from '../../run/calibration-record.js';

/** Losses by document, in nats; NaN = none, since the token was not to be scored or its loss is not finite. */
export type DocumentLosses = readonly Float32Array[];

export interface LossErrors extends Omit<Calibration, 'documents' | 'nonfinite'> {
  /** Tokens that lost their finite loss. */
  readonly lost: number;
}

/** The share Rho-1 keeps of its tokens for the smaller model (https://arxiv.org/abs/2404.07965). */
const KEEP_FRACTION = 0.6;

/**
 * How far approximate losses are from those of float32, over tokens that have both.
 *
 * `changedSelection`: with each set of losses, the 60 % of the tokens with the lowest loss are chosen, as the selection `reference` chooses them, and as excess loss
 * does while the live model's losses are all alike; of equal losses the earlier token comes first. It is the share of all tokens that are in one choice and not in the
 * other, on either side. A live model whose losses follow the reference's leaves a narrower spread to choose by, and more changes.
 */
export function lossErrors(exact: DocumentLosses, approximate: DocumentLosses): LossErrors {
  const both: { readonly exact: number; readonly approximate: number }[] = [];
  let lost = 0;
  exact.forEach((losses, document) => {
    losses.forEach((loss, token) => {
      const other = approximate[document]![token]!;
      if (Number.isNaN(loss)) return;
      if (Number.isNaN(other)) lost++;
      else both.push({ exact: loss, approximate: other });
    });
  });
  const tokens = both.length;
  if (tokens === 0) return { tokens, meanError: null, maxError: null, bias: null, changedSelection: null, lost };
  let magnitudes = 0;
  let differences = 0;
  let largest = 0;
  for (const loss of both) {
    const difference = loss.approximate - loss.exact;
    differences += difference;
    magnitudes += Math.abs(difference);
    largest = Math.max(largest, Math.abs(difference));
  }
  const chosen = lowest(both.map((loss) => loss.exact));
  const chosenNow = lowest(both.map((loss) => loss.approximate));
  const changed = both.reduce((count, _, token) => count + (chosen.has(token) === chosenNow.has(token) ? 0 : 1), 0);
  return { tokens, meanError: magnitudes / tokens, maxError: largest, bias: differences / tokens, changedSelection: changed / tokens, lost };
}

/** The tokens with the lowest losses. */
function lowest(losses: readonly number[]): ReadonlySet<number> {
  const order = losses.map((_, token) => token).sort((a, b) => losses[a]! - losses[b]! || a - b);
  return new Set(order.slice(0, Math.round(KEEP_FRACTION * losses.length)));
}

/** Losses as they are stored: rounding, one pattern for NaN, and the sums kept beside them. */

/** Spacing of lossPrecision 'grid11', in nats; rounding moves a loss by at most half of it (2.44e-4). */
export const LOSS_GRID = 2 ** -11;

/** Writes `losses` rounded to multiples of 2^-11 to `target`. NaN and the infinities stay; from 2^13 nats on a float32 is a multiple already. */
export function roundToGrid(losses: Float32Array, target: Float32Array): void {
  // The sum turns -0 into 0.
  for (let i = 0; i < losses.length; i++) target[i] = Math.round(losses[i]! * 2048) / 2048 + 0;
}

/** Gives every NaN the same bits, in place: a NaN may carry any payload, and equal losses must become equal bytes. */
export function canonicalNaN(floats: Float32Array): void {
  const bits = new Int32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < floats.length; i++) if (Number.isNaN(floats[i]!)) bits[i] = 0x7fc00000;
}

/** How many losses are not NaN, and their float64 sum in order. */
export function tallyLosses(losses: Float32Array): { readonly scored: number; readonly sum: number } {
  let scored = 0;
  let sum = 0;
  for (const loss of losses) {
    if (Number.isNaN(loss)) continue;
    scored++;
    sum += loss;
  }
  return { scored, sum };
}

/** Losses as they are stored: rounding, one pattern for NaN, and the sums kept beside them. */

/** Spacing of lossPrecision 'grid11', in nats; rounding moves a loss by at most half of it (2.44e-4). */
export const LOSS_GRID = 2 ** -11;

/** Added to a number below 2^51 and taken away again, it leaves the nearest integer: a double of this size has no bits below the point. */
const ROUNDER = 1.5 * 2 ** 52;

/**
 * Writes `losses` rounded to multiples of 2^-11 to `target`, halves to even as IEEE 754 and numpy do, -0 to 0. NaN and the infinities stay, and so does
 * what is 2^13 nats or more: such a float32 is a multiple already.
 */
export function roundToGrid(losses: Float32Array, target: Float32Array): void {
  for (let i = 0; i < losses.length; i++) {
    const loss = losses[i]!;
    target[i] = Math.abs(loss) < 8192 ? (loss / LOSS_GRID + ROUNDER - ROUNDER) * LOSS_GRID : loss;
  }
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

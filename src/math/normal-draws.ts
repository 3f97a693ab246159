import { createRandom } from './random.js';

/**
 * The stream of standard normal draws of a seed. The same seed gives the same draws on every machine and version: Marsaglia's polar method
 * (https://doi.org/10.1137/1006063) takes a square root, which IEEE 754 rounds exactly, and a logarithm, which `naturalLog` makes of additions,
 * multiplications and divisions because Math.log may differ between engines.
 */
export function normalDraws(seed: string): () => number {
  const random = createRandom(seed);
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const draw = spare;
      spare = undefined;
      return draw;
    }
    for (;;) {
      const x = 2 * random.float() - 1;
      const y = 2 * random.float() - 1;
      const squared = x * x + y * y;
      if (squared >= 1 || squared === 0) continue;
      const scale = Math.sqrt((-2 * naturalLog(squared)) / squared);
      spare = y * scale;
      return x * scale;
    }
  };
}

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
/** ln 2 in two parts: the first ends in so many zeros that its product with an exponent is exact. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/**
 * The natural logarithm of a normal positive number, within two units in the last place, from basic arithmetic only: x = 2^k m with m in
 * [sqrt(1/2), sqrt(2)), and ln m = 2 artanh((m - 1) / (m + 1)) as a series.
 */
export function naturalLog(x: number): number {
  double[0] = x;
  let exponent = (words[1]! >>> 20) - 1023;
  words[1] = (words[1]! & 0xfffff) | 0x3ff00000;
  let mantissa = double[0];
  if (mantissa >= Math.SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const ratio = (mantissa - 1) / (mantissa + 1);
  const square = ratio * ratio;
  // |ratio| <= 0.1716, so the first term left out is below 2^-55 of the sum.
  let series = 0;
  for (let power = 19; power >= 3; power -= 2) series = (series + 1 / power) * square;
  return exponent * LN2_HIGH + (2 * ratio * (1 + series) + exponent * LN2_LOW);
}

import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import { encodeModel } from '../../src/graph/encode.js';
import { integerProductsProbe } from '../../src/graph/integer-products-probe.js';
import { int8Matrices, type Int8Options } from '../../src/graph/layers/int8-matrices.js';
import type { MatrixOptions } from '../../src/graph/layers/matrices.js';
import { createRandom } from '../../src/math/random.js';
import { openSession } from '../../src/runtime/session.js';
import { int8Weights } from '../../src/scoring/int8-weights.js';

const INPUTS = 96;
const OUTPUTS = 80;
/** What this machine computes exactly. */
const FORM = await int8Weights();
const random = createRandom('int8');
const WEIGHT = Float32Array.from({ length: INPUTS * OUTPUTS }, () => random.float() - 0.5);

const bits = (values: Float32Array): number[] => [...new Uint32Array(values.buffer, values.byteOffset, values.length)];
const drawn = (rows: number): Float32Array => Float32Array.from({ length: rows * INPUTS }, () => 8 * random.float() ** 3 - 2);

interface Case extends Omit<MatrixOptions, 'bias'> {
  readonly weights?: Int8Options['weights'];
  readonly threads?: number;
  readonly weight?: Float32Array;
  readonly stored?: 'linear' | 'conv1d';
  readonly biased?: boolean;
}

/** x [rows, INPUTS] times the weight, [rows, OUTPUTS]. */
async function multiply(x: Float32Array, { weights = FORM, threads = 1, weight = WEIGHT, stored = 'linear', biased = false, spikes = false }: Case = {}): Promise<Float32Array> {
  const g = new GraphBuilder('int8');
  const rows = g.input('x', 'float32', ['R', INPUTS]);
  const shape = stored === 'linear' ? [OUTPUTS, INPUTS] : [INPUTS, OUTPUTS];
  const bias = biased ? g.table(Float32Array.from({ length: OUTPUTS }, (_, at) => at), [OUTPUTS]) : null;
  g.output('y', int8Matrices(g, { weights })[stored](g.table(weight, shape), { bias, spikes })(g, rows));
  const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(g.build()), weightsFolder: null, threads, spin: false });
  const { y } = await session.run({ x: { dtype: 'float32', dims: [x.length / INPUTS, INPUTS], data: x } });
  await session.release();
  return y!.data as Float32Array;
}

/** The product by its definition: scales of rows and columns, integers, and float64. */
function expected(x: Float32Array, spikes: boolean): number[] {
  const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const nearest = (value: number): number => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));
  const columns = Array.from({ length: OUTPUTS }, (_, column) => {
    const weights = WEIGHT.subarray(column * INPUTS, (column + 1) * INPUTS);
    const scale = largest(weights) / 127;
    return { scale, integers: [...weights].map((weight) => nearest(weight / scale)) };
  });
  return Array.from({ length: x.length / INPUTS }, (_, row) => {
    const values = x.subarray(row * INPUTS, (row + 1) * INPUTS);
    const scale = largest(values) / 127;
    const units = [...values].map((value) => value / scale);
    const rounded = units.map((unit) => (spikes ? nearest(unit) + nearest((unit - nearest(unit)) * 254) / 254 : nearest(unit)));
    return columns.map((column) => rounded.reduce((sum, unit, at) => sum + unit * column.integers[at]!, 0) * scale * column.scale);
  }).flat();
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);

describe('a product in 8-bit integers', () => {
  it.each([false, true])('is the sum of the rounded rows times the rounded columns; of rows with spikes: %s', async (spikes) => {
    const x = drawn(5);
    // A quotient within a rounding error of one half may go either way: at most a step of one entry, in a row of 96.
    expect(largestDifference(await multiply(x, { spikes }), expected(x, spikes))).toBeLessThan(spikes ? 1e-4 : 2e-3);
  });

  it('is nearer to the exact one with 16 bits for rows with spikes', async () => {
    const x = drawn(20);
    for (let row = 0; row < 20; row++) x[row * INPUTS + row] = 300;
    const exact = Array.from({ length: 20 * OUTPUTS }, (_, at) => {
      const [row, column] = [Math.floor(at / OUTPUTS), at % OUTPUTS];
      return Array.from({ length: INPUTS }, (_unused, input) => x[row * INPUTS + input]! * WEIGHT[column * INPUTS + input]!).reduce((sum, part) => sum + part, 0);
    });
    const error = async (spikes: boolean): Promise<number> => (await multiply(x, { spikes })).reduce((sum, value, at) => sum + Math.abs(value - exact[at]!), 0);
    expect(await error(true)).toBeLessThan((await error(false)) / 3);
  });

  it('has the same bits for signed and unsigned weights where the machine sums signed ones exactly', async () => {
    const x = drawn(40);
    for (const spikes of [false, true]) expect(bits(await multiply(x, { spikes }))).toEqual(bits(await multiply(x, { weights: 'unsigned', spikes })));
  });

  it('has the same bits for a row alone and among others, with one thread and with three', async () => {
    const x = drawn(300);
    for (const spikes of [false, true]) {
      const together = bits(await multiply(x, { spikes }));
      expect(bits(await multiply(x, { spikes, threads: 3 }))).toEqual(together);
      for (const row of [0, 17, 299]) {
        expect(bits(await multiply(x.slice(row * INPUTS, (row + 1) * INPUTS), { spikes }))).toEqual(together.slice(row * OUTPUTS, (row + 1) * OUTPUTS));
      }
    }
  });

  it('takes weights stored either way', async () => {
    const x = drawn(3);
    const other = Float32Array.from({ length: WEIGHT.length }, (_, at) => WEIGHT[(at % OUTPUTS) * INPUTS + Math.floor(at / OUTPUTS)]!);
    expect(bits(await multiply(x, { stored: 'conv1d', weight: other, biased: true }))).toEqual(bits(await multiply(x, { biased: true })));
  });

  it('of a row of zeros is the bias, also where the weights are zeros', async () => {
    const biases = Array.from({ length: OUTPUTS }, (_, at) => at);
    for (const spikes of [false, true]) {
      expect([...(await multiply(new Float32Array(INPUTS), { biased: true, spikes }))]).toEqual(biases);
      expect([...(await multiply(drawn(1), { biased: true, spikes, weight: new Float32Array(WEIGHT.length) }))]).toEqual(biases);
    }
  });

  it.each([NaN, Infinity, -Infinity])('of a row that holds %s is NaN throughout, wherever it stands, and of other rows what it was', async (bad) => {
    const x = drawn(INPUTS);
    const before = bits(await multiply(x));
    for (let row = 0; row < INPUTS - 1; row++) x[row * INPUTS + row] = bad;
    for (const spikes of [false, true]) expect((await multiply(x, { spikes })).subarray(0, -OUTPUTS).every(Number.isNaN)).toBe(true);
    expect(bits((await multiply(x)).subarray(-OUTPUTS))).toEqual(before.slice(-OUTPUTS));
  });

  it('with a weight that is not finite is NaN in that column', async () => {
    const weight = WEIGHT.slice();
    weight[3 * INPUTS + 50] = NaN;
    expect([...(await multiply(drawn(1), { weight }))].flatMap((value, at) => (Number.isNaN(value) ? [at] : []))).toEqual([3]);
  });
});

describe('the probe of integer products', () => {
  it('tells exact sums from those that are saturated in 16 bits', () => {
    const { exact, feeds } = integerProductsProbe();
    const sums = new Float32Array(512).fill(64 * 255 * 127);
    expect(feeds.activations.data.every((value) => value === 255)).toBe(true);
    expect(exact(sums)).toBe(true);
    expect(exact(new Float32Array(512).fill(32 * 32_767))).toBe(false);
    expect(exact(sums.subarray(1))).toBe(false);
    sums[511]!--;
    expect(exact(sums)).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { attachLossHead } from '../../../src/graph/foreign/attach-loss-head.js';
import { float, int, ints, type Value } from '../../../src/graph/ir.js';
import { castTo } from '../../../src/graph/foreign/element-type.js';
import { add, concat, mul, reshape } from '../../../src/graph/ops.js';
import { ALL_STATS, editModel, largestDifference, open, score } from './foreign-fixture.js';
import { EMBEDDING, HEAD, logitsAfter, lossesOf, projected, tinyDecoder, VOCAB, WIDTH, type TinyParts } from './tiny-decoder.js';

const SEQUENCES = [[1, 2, 3, 4, 5, 6], [6, 0, 6], [2, 2]];
const SHAPE = ['batch', 'seq', VOCAB];
const BIAS = Float32Array.from({ length: VOCAB }, (_, at) => Math.fround(Math.cos(at)));

async function rewritten(bytes: Uint8Array): Promise<{ readonly logits: 'rows' | 'whole'; readonly notes: string; readonly losses: Float32Array }> {
  const { model, logits, notes } = await attachLossHead(bytes, { stats: ALL_STATS });
  const session = await open(model);
  const { loss } = await score(session, SEQUENCES);
  await session.release();
  return { logits, notes: notes.join('\n'), losses: loss };
}

const half = ({ g }: TinyParts, value: Value): Value => castTo(g, value, 'float16');
const flat = ({ g, hidden }: TinyParts): Value => reshape(g, hidden, ['N', WIDTH], [-1, WIDTH]);
const transposedHead = ({ g }: TinyParts): Value =>
  g.table(Float32Array.from({ length: VOCAB * WIDTH }, (_, at) => HEAD[at % WIDTH]![Math.floor(at / WIDTH)]!), [VOCAB, WIDTH]);

const CODES = Array.from({ length: WIDTH * VOCAB }, (_, at) => (at * 5) % 11);

/** Logits after an id where the head is a table of small integers times 0.1. */
const dequantized = (id: number): number[] =>
  Array.from({ length: VOCAB }, (_, column) => EMBEDDING[id]!.reduce((sum, value, at) => sum + value * 0.1 * CODES[at * VOCAB + column]!, 0));

/** What a tail does, the logits it should give after an id (plain ones where absent), and how far losses may be off. */
interface Tail {
  readonly what: string;
  readonly logits: (parts: TinyParts) => Value;
  readonly expected?: (logits: readonly number[], id: number) => readonly number[];
  readonly within?: number;
}

const ROWS: readonly Tail[] = [
  { what: 'a MatMul', logits: (parts) => projected(parts) },
  { what: 'a MatMul of flat rows and a Reshape', logits: (parts) => reshape(parts.g, projected(parts, flat(parts)), SHAPE, [3, -1, VOCAB]) },
  { what: 'a FusedMatMul with a scale', expected: (logits) => logits.map((value) => 0.5 * value), logits: (parts) =>
    parts.g.node('FusedMatMul', [parts.hidden, transposedHead(parts)], 'float32', SHAPE, { domain: 'com.microsoft', attributes: { transB: int(1), alpha: float(0.5) } }) },
  { what: 'a Gemm with a bias for the whole batch', expected: (logits) => logits.map((value) => value + 2), logits: (parts) =>
    reshape(parts.g, parts.g.node('Gemm', [flat(parts), transposedHead(parts), parts.g.constant('float32', [1], [2])], 'float32', ['N', VOCAB], { attributes: { transB: int(1) } }), SHAPE, [3, -1, VOCAB]) },
  { what: 'a MatMul with a transposed weight', logits: (parts) =>
    projected({ ...parts, head: parts.g.node('Transpose', [transposedHead(parts)], 'float32', [WIDTH, VOCAB], { attributes: { perm: ints([1, 0]) } }) }) },
  { what: 'a MatMul with a transposed weight kept in float16', within: 2e-3, logits: (parts) =>
    projected({ ...parts, head: parts.g.node('Transpose', [castTo(parts.g, half(parts, transposedHead(parts)), 'float32')], 'float32', [WIDTH, VOCAB]) }) },
  { what: 'a float16 MatMul, a float16 bias and a Cast', within: 2e-2, expected: (logits) => logits.map((value, at) => value + BIAS[at]!), logits: (parts) => {
    const { g, hidden, head } = parts;
    const product = g.node('MatMul', [half(parts, hidden), half(parts, head)], 'float16', SHAPE);
    return castTo(g, add(g, product, half(parts, g.table(BIAS, [VOCAB]))), 'float32');
  } },
  { what: 'a bias of shape [1, 1, V] on the left', expected: (logits) => logits.map((value, at) => value + BIAS[at]!), logits: (parts) =>
    parts.g.node('Add', [parts.g.table(BIAS, [1, 1, VOCAB]), projected(parts)], 'float32', SHAPE) },
  { what: 'a soft cap', expected: (logits) => logits.map((value) => 2 * Math.tanh(value / 2)), logits: (parts) => {
    const { g } = parts;
    const two = g.constant('float32', [], [2]);
    return mul(g, g.node('Tanh', [g.node('Div', [projected(parts), two], 'float32', SHAPE)], 'float32', SHAPE), two);
  } },
  { what: 'a subtraction from a constant', expected: (logits) => logits.map((value) => 1 - value), logits: (parts) =>
    parts.g.node('Sub', [parts.g.constant('float32', [], [1]), projected(parts)], 'float32', SHAPE) },
  { what: 'a scale made of other constants', expected: (logits) => logits.map((value) => 3 * value), logits: (parts) => {
    const { g } = parts;
    return mul(g, projected(parts), add(g, g.constant('float32', [1], [1]), g.constant('float32', [1], [2])));
  } },
  { what: 'weights in 8 bits and their scale', expected: (_, id) => dequantized(id), logits: (parts) => {
    const { g } = parts;
    const codes = castTo(g, g.constant('int32', [WIDTH, VOCAB], CODES), 'int8');
    return projected({ ...parts, head: g.node('Mul', [castTo(g, codes, 'float32'), g.constant('float32', [], [0.1])], 'float32', [WIDTH, VOCAB]) });
  } },
];

describe('the projection moves into the loss head behind', () => {
  for (const { what, logits, expected, within } of ROWS) {
    it(what, async () => {
      const found = await rewritten(tinyDecoder((parts) => { parts.g.output('logits', logits(parts)); }));
      const losses = lossesOf(SEQUENCES, (id) => (expected === undefined ? logitsAfter(id) : expected(logitsAfter(id), id)));
      expect(found.logits).toBe('rows');
      expect(largestDifference(found.losses, losses)).toBeLessThan(within ?? 1e-5);
    });
  }

  it('a Reshape that leaves the last axis of the logits open', async () => {
    const found = await rewritten(tinyDecoder((parts) => {
      const { g, ids } = parts;
      const sizes = g.node('Shape', [ids], 'int64', [2]);
      const target = concat(g, [sizes, g.constant('int64', [1], [-1])], 0);
      g.output('logits', reshape(g, projected(parts, flat(parts)), ['batch', 'seq', ''], target));
    }));
    expect(found.logits).toBe('rows');
    expect(largestDifference(found.losses, lossesOf(SEQUENCES))).toBeLessThan(1e-5);
  });
});

/** Logits of a position that also depend on the other positions, or on a step that is not copied. */
const WHOLE: readonly (readonly [string, RegExp, (parts: TinyParts) => Value, Parameters<typeof lossesOf>[1]?])[] = [
  ['a sum of two projections', /Add ".*" stands before/, (parts) => add(parts.g, projected(parts), projected(parts)), (id) => logitsAfter(id).map((value) => 2 * value)],
  ['a product with the hidden rows on the right', /MatMul ".*" stands before|Transpose ".*" stands before/, (parts) => {
    const { g, hidden } = parts;
    const columns = g.node('Transpose', [hidden], 'float32', ['batch', WIDTH, 'seq'], { attributes: { perm: ints([0, 2, 1]) } });
    const product = g.node('MatMul', [transposedHead(parts), columns], 'float32', ['batch', VOCAB, 'seq']);
    return g.node('Transpose', [product], 'float32', SHAPE, { attributes: { perm: ints([0, 2, 1]) } });
  }],
  ['a Reshape that moves entries between rows and back', /is reshaped to a last axis not known to have 7 entries/, (parts) => {
    const { g } = parts;
    const wide = reshape(g, projected(parts), ['M', 2 * VOCAB], [-1, 2 * VOCAB]);
    return reshape(g, add(g, wide, g.constant('float32', [1], [1])), SHAPE, [3, -1, VOCAB]);
  }],
  ['a constant that differs between sequences', /Mul ".*" stands before/, (parts) =>
    parts.g.node('Mul', [projected(parts), parts.g.constant('float32', [3, 1, 1], [1, 2, 3])], 'float32', SHAPE), (id, _, sequence) => logitsAfter(id).map((value) => (sequence + 1) * value)],
  ['a Gemm with a bias for each position', /Gemm ".*" stands before/, (parts) => {
    const { g } = parts;
    const bias = g.constant('float32', [18, VOCAB], Array.from({ length: 18 * VOCAB }, (_, at) => (at % VOCAB) * Math.floor(at / (6 * VOCAB))));
    return reshape(g, g.node('Gemm', [flat(parts), parts.head, bias], 'float32', ['N', VOCAB]), SHAPE, [3, -1, VOCAB]);
  }, (id, _, sequence) => logitsAfter(id).map((value, at) => value + at * sequence)],
  ['an operator of another domain', /com\.microsoft\.Gelu ".*" stands before/, (parts) => parts.g.node('Gelu', [projected(parts)], 'float32', SHAPE, { domain: 'com.microsoft' }),
    (id) => logitsAfter(id).map((value) => 0.5 * value * (1 + erf(value / Math.SQRT2)))],
];

/** Series of the error function; exact to 1e-12 for the arguments here. https://dlmf.nist.gov/7.6 */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 80; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

describe('logits stay whole, and their losses are right, behind', () => {
  for (const [what, reason, logits, expected] of WHOLE) {
    it(what, async () => {
      const found = await rewritten(tinyDecoder((parts) => { parts.g.output('logits', logits(parts)); }));
      expect(found.logits).toBe('whole');
      expect(found.notes).toMatch(reason);
      expect(largestDifference(found.losses, lossesOf(SEQUENCES, expected))).toBeLessThan(1e-5);
    });
  }

  it('float16 logits are widened before the log-softmax', async () => {
    const found = await rewritten(tinyDecoder((parts) => {
      parts.g.output('logits', half(parts, parts.g.node('Softsign', [projected(parts)], 'float32', SHAPE)));
    }));
    const expected = lossesOf(SEQUENCES, (id) => logitsAfter(id).map((value) => value / (1 + Math.abs(value))));
    expect(found.logits).toBe('whole');
    expect(largestDifference(found.losses, expected)).toBeLessThan(1e-3);
  });
});

describe('the loss head is written in the operator set of the model', () => {
  for (const version of [11, 12, 13, 17, 18, 19, 21, 23, 24]) {
    it(`operator set ${version}`, async () => {
      const bytes = editModel(tinyDecoder((parts) => { parts.g.output('logits', projected(parts)); }), (model) => {
        model.opsetImport = model.opsetImport.filter(({ domain }) => domain === '');
        model.opsetImport[0]!.version = BigInt(version);
      });
      expect(largestDifference((await rewritten(bytes)).losses, lossesOf(SEQUENCES))).toBeLessThan(1e-5);
    });
  }
});


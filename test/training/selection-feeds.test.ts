import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import { encodeModel } from '../../src/graph/encode.js';
import { rankScores, selectHighest, tokenWeights } from '../../src/graph/layers/token-selection.js';
import { add, mul, reshape, shapeOf } from '../../src/graph/ops.js';
import { createRandom } from '../../src/math/random.js';
import { openSession } from '../../src/runtime/session.js';
import { resolveSelection, type SelectionOptions } from '../../src/selection/options.js';
import { randomScores } from '../../src/selection/random-scores.js';
import { selectTokens } from '../../src/selection/select-tokens.js';
import { evenOffsets, type SelectionTokens } from '../../src/selection/tokens.js';
import { planSelection } from '../../src/training/selection-feeds.js';

/** The selection of the training graph, alone. */
function selectionGraph(temperature: number | null = null): Uint8Array {
  const g = new GraphBuilder('selection');
  const live = g.input('live', 'float32', ['N']);
  const offsets = g.input('offsets', 'float32', ['S', 'L']);
  const weight = g.input('live_weight', 'float32', []);
  const ranked = rankScores(g, add(g, mul(g, reshape(g, live, ['S', 'L'], shapeOf(g, offsets)), weight), offsets));
  const keep = g.input('keep', 'int64', ['S']);
  const threshold = g.input('threshold', 'float32', []);
  g.output('selected', selectHighest(g, ranked, keep, threshold));
  if (temperature !== null) g.output('weights', tokenWeights(g, ranked, keep, threshold, temperature));
  return encodeModel(g.build());
}

const OPTIONS: readonly SelectionOptions[] = [
  ...(['excess', 'reference', 'entropy', 'intersection', 'random', 'all'] as const).flatMap((score) =>
    (['batch', 'sequence'] as const).flatMap((scope) => [0.1, 0.6, 1].map((keepFraction) => ({ score, scope, keepFraction })))),
  { score: 'excess', threshold: 0.25 },
  { score: 'excess', threshold: 1e9 },
  { score: 'reference', threshold: 1.5 },
  { score: 'random', threshold: 0.5 },
  { score: 'excess', keepFraction: 0.5, referenceLossCap: 2 },
  { score: 'excess', keepFraction: 0.5, warmupSteps: 10 },
];

const WEIGHTS: readonly SelectionOptions[] = [
  ...(['excess', 'reference', 'entropy'] as const).flatMap((score) =>
    (['batch', 'sequence'] as const).flatMap((scope) => [0.05, 0.5, 3].map((temperature) => ({ score, scope, keepFraction: 0.4, reweight: { temperature } })))),
  { score: 'excess', threshold: 0.5, reweight: { temperature: 0.7 } },
  { score: 'excess', threshold: 1e9, reweight: { temperature: 1e9 } },
  { score: 'excess', threshold: 1e9, reweight: { temperature: 1 } },
  { score: 'reference', threshold: 1, scope: 'sequence', reweight: { temperature: 0.3 } },
  { score: 'excess', keepFraction: 0.5, referenceLossCap: 1.5, reweight: { temperature: 0.5 } },
  { score: 'excess', keepFraction: 0.5, warmupSteps: 10, reweight: { temperature: 0.5 } },
];

/** exp(x) in float32 of an x that is rounded to float32 is off by |x| e^x 2^-24, at most 2.2e-8, and a few units in the last place of a number up to 1. */
const WEIGHT_ERROR = 2.5e-7;

/** Random tokens of step 3. Few different values, so that many scores are equal, and a fifth of the tokens unscored. */
function drawTokens(round: number): SelectionTokens {
  const random = createRandom(`selection/${round}`);
  const [sequences, length] = [random.between(1, 5), random.between(1, 40)];
  const count = sequences * length;
  const draw = (): Float32Array => Float32Array.from({ length: count }, () => random.below(8) / 3);
  const unscored = Array.from({ length: count }, () => random.chance(0.2));
  const referenceLoss = draw().map((loss, at) => (unscored[at]! ? NaN : loss));
  const entropy = draw().map((value, at) => (unscored[at]! ? NaN : value));
  const scores = new Float32Array(count);
  randomScores(round, 3, scores);
  return { sequenceOffsets: evenOffsets(sequences, length), step: 3, liveLoss: draw(), referenceLoss, entropy, random: scores };
}

describe('the selection in the training graph', () => {
  it.each(OPTIONS.map((options) => [JSON.stringify(options), options] as const))('keeps exactly the tokens that selectTokens keeps: %s', async (_title, options) => {
    const session = await openSession({ device: { kind: 'cpu' }, model: selectionGraph(), weightsFolder: null, threads: 1, spin: false });
    for (let round = 0; round < 15; round++) {
      const tokens = drawTokens(round);
      const expected = selectTokens(tokens, options);
      const { feeds, candidates } = planSelection(tokens, resolveSelection(options));
      const { selected } = await session.run({ ...feeds, live: { dtype: 'float32', dims: [tokens.liveLoss!.length], data: tokens.liveLoss! } });
      const mask = new Uint8Array(tokens.liveLoss!.length);
      for (const at of selected!.data as BigInt64Array) mask[Number(at)] = 1;
      expect(mask).toEqual(expected.mask);
      expect(candidates).toBe(expected.candidates);
    }
    await session.release();
  });

  it.each(WEIGHTS.map((options) => [JSON.stringify(options), options] as const))('weighs tokens as selectTokens does, and keeps the same: %s', async (_title, options) => {
    const session = await openSession({ device: { kind: 'cpu' }, model: selectionGraph(options.reweight!.temperature), weightsFolder: null, threads: 1, spin: false });
    let between = 0;
    for (let round = 0; round < 15; round++) {
      const tokens = drawTokens(round);
      const count = tokens.liveLoss!.length;
      const expected = selectTokens(tokens, options);
      const { feeds } = planSelection(tokens, resolveSelection(options));
      const { selected, weights } = await session.run({ ...feeds, live: { dtype: 'float32', dims: [count], data: tokens.liveLoss! } });
      const found = weights!.data as Float32Array;
      const kept = new Set(Array.from(selected!.data as BigInt64Array, Number));
      expect(Uint8Array.from({ length: count }, (_, at) => Number(kept.has(at)))).toEqual(expected.mask);
      expected.weights!.forEach((weight, at) => {
        // What is kept, or no candidate, is so exactly.
        if (weight === 0 || weight === 1) expect(found[at]).toBe(weight);
        else expect(Math.abs(found[at]! - weight)).toBeLessThan(WEIGHT_ERROR);
        if (weight > 0 && weight < 1) between++;
      });
    }
    // Everything is kept in warm-up, and nothing is near enough to a threshold of 1e9 at a temperature of 1.
    expect(between > 0).toBe(options.warmupSteps === undefined && (options.threshold ?? 0) / options.reweight!.temperature < 1e9);
    await session.release();
  });
});

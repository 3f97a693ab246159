import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '../../src/graph/builder.js';
import { encodeModel } from '../../src/graph/encode.js';
import { selectHighest } from '../../src/graph/layers/token-selection.js';
import { add, mul, reshape, shapeOf } from '../../src/graph/ops.js';
import { createRandom } from '../../src/math/random.js';
import { openSession } from '../../src/runtime/session.js';
import { resolveSelection, type SelectionOptions } from '../../src/selection/options.js';
import { randomScores } from '../../src/selection/random-scores.js';
import { selectTokens } from '../../src/selection/select-tokens.js';
import { evenOffsets, type SelectionTokens } from '../../src/selection/tokens.js';
import { planSelection } from '../../src/training/selection-feeds.js';

/** The selection of the training graph, alone. */
function selectionGraph(): Uint8Array {
  const g = new GraphBuilder('selection');
  const live = g.input('live', 'float32', ['N']);
  const offsets = g.input('offsets', 'float32', ['S', 'L']);
  const weight = g.input('live_weight', 'float32', []);
  const scores = add(g, mul(g, reshape(g, live, ['S', 'L'], shapeOf(g, offsets)), weight), offsets);
  g.output('selected', selectHighest(g, scores, g.input('keep', 'int64', ['S']), g.input('threshold', 'float32', [])));
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

describe('the selection in the training graph', () => {
  it.each(OPTIONS.map((options) => [JSON.stringify(options), options] as const))('keeps exactly the tokens that selectTokens keeps: %s', async (_title, options) => {
    const session = await openSession({ model: selectionGraph(), weightsFolder: null, threads: 1, spin: false });
    for (let round = 0; round < 15; round++) {
      const random = createRandom(`selection/${round}`);
      const [sequences, length] = [random.between(1, 5), random.between(1, 40)];
      const count = sequences * length;
      // Few different values, so that many scores are equal, and a fifth of the tokens unscored.
      const draw = (): Float32Array => Float32Array.from({ length: count }, () => random.below(8) / 3);
      const unscored = Array.from({ length: count }, () => random.chance(0.2));
      const referenceLoss = draw().map((loss, at) => (unscored[at]! ? NaN : loss));
      const entropy = draw().map((value, at) => (unscored[at]! ? NaN : value));
      const scores = new Float32Array(count);
      randomScores(round, 3, scores);
      const tokens: SelectionTokens = { sequenceOffsets: evenOffsets(sequences, length), step: 3, liveLoss: draw(), referenceLoss, entropy, random: scores };
      const expected = selectTokens(tokens, options);
      const { feeds, candidates } = planSelection(tokens, resolveSelection(options));
      const { selected } = await session.run({ ...feeds, live: { dtype: 'float32', dims: [count], data: tokens.liveLoss! } });
      const mask = new Uint8Array(count);
      for (const at of selected!.data as BigInt64Array) mask[Number(at)] = 1;
      expect(mask).toEqual(expected.mask);
      expect(candidates).toBe(expected.candidates);
    }
    await session.release();
  });
});

import { describe, expect, it } from 'vitest';
import { selectNaively } from '../../scripts/fixtures/naive-selection.js';
import { makeTokens } from '../../scripts/fixtures/selection-tokens.js';
import { createRandom } from '../../src/math/random.js';
import { keepCount } from '../../src/selection/keep-count.js';
import type { SelectionOptions, SelectionScope } from '../../src/selection/options.js';
import { selectTokens } from '../../src/selection/select-tokens.js';
import { evenOffsets, type SelectionTokens } from '../../src/selection/tokens.js';

const SCORES = ['excess', 'reference', 'entropy', 'intersection', 'random', 'all'] as const;
const RANKED = ['excess', 'reference', 'entropy', 'intersection', 'random'] as const;
const SCOPES = ['batch', 'sequence'] as const;
const combinations = SCORES.flatMap((score) => SCOPES.map((scope) => ({ score, scope })));
const ranked = RANKED.flatMap((score) => SCOPES.map((scope) => ({ score, scope })));

/** A batch of one sequence with these losses. */
function one(live: readonly number[], reference: readonly number[]): SelectionTokens {
  return { step: 0, sequenceOffsets: evenOffsets(1, live.length), liveLoss: Float32Array.from(live), referenceLoss: Float32Array.from(reference) };
}

const tokensOf = (seed: string | number): Required<SelectionTokens> =>
  makeTokens({ seed: String(seed), lengths: [0, 1, 17, 40, 2, 25], grid: 0.5, unscored: 0.2, padding: 0.1 });
const keptOf = (tokens: SelectionTokens, options: SelectionOptions): number[] => [...selectTokens(tokens, options).mask.entries()].filter(([, kept]) => kept === 1).map(([i]) => i);

describe('a selection', () => {
  it.each(combinations)('agrees with comparing every token with every other: $score over the $scope', ({ score, scope }) => {
    const random = createRandom(`${score}/${scope}`);
    for (let round = 0; round < 60; round++) {
      const tokens = makeTokens({
        seed: `${score}/${scope}/${round}`,
        lengths: Array.from({ length: random.below(6) }, () => random.below(16)),
        grid: random.pick([2, 0.5, 0.001]),
        unscored: random.pick([0, 0.3, 1]),
        ...(random.chance(0.5) && { padding: 0.2 }),
        step: random.below(3),
      });
      const nats = score === 'excess' || score === 'reference' || score === 'entropy';
      const options: SelectionOptions = {
        score,
        scope,
        ...(random.chance(0.3) && (nats || score === 'random') ? { threshold: random.pick([-1, 0, 0.5, 1.5]) } : { keepFraction: random.pick([1e-6, 0.1, 0.25, 0.5, 0.6, 0.75, 1]) }),
        ...(random.chance(0.3) && { referenceLossCap: random.pick([1.5, 3]) }),
        ...(random.chance(0.2) && { warmupSteps: 2 }),
        ...(random.chance(0.3) && nats && { reweight: { temperature: random.pick([0.1, 1, 5]) } }),
        denominator: random.pick(['selected', 'all']),
      };
      expect(selectTokens(tokens, options), JSON.stringify(options)).toEqual(selectNaively(tokens, options));
    }
  });

  it.each(ranked)('keeps exactly its share of the candidates, however many are equal: $score over the $scope', ({ score, scope }) => {
    for (const keepFraction of [0.000001, 0.3, 0.5, 0.6, 1]) {
      const tokens = tokensOf(keepFraction);
      const { sequenceOffsets, referenceLoss, eligible } = tokens;
      const candidatesIn = (start: number, end: number): number =>
        [...referenceLoss.subarray(start, end)].filter((loss, i) => !Number.isNaN(loss) && eligible[start + i] === 1).length;
      const expected =
        scope === 'batch'
          ? keepCount(candidatesIn(0, referenceLoss.length), keepFraction)
          : [...sequenceOffsets.subarray(1)].reduce((sum, end, b) => sum + keepCount(candidatesIn(sequenceOffsets[b]!, end), keepFraction), 0);
      expect(selectTokens(tokens, { score, scope, keepFraction }).kept).toBe(expected);
    }
  });

  it('of equal scores takes the lower position, and -0 is equal to 0', () => {
    expect(keptOf(one([1, 1, 1, 1], [1, 1, 1, 1]), { keepFraction: 0.5 })).toEqual([0, 1]);
    expect(keptOf(one([-0, 0, -0, 0], [0, 0, 0, 0]), { keepFraction: 0.5 })).toEqual([0, 1]);
    expect(keptOf(one([0, 2, 0, 2, 2], [0, 0, 0, 0, 0]), { keepFraction: 0.4 })).toEqual([1, 3]);
  });

  it('computes the excess in float32, so that a difference float32 cannot hold is a tie', () => {
    const live = [8, 8.000001];
    expect(Math.fround(live[0]! + 2 ** 24)).toBe(Math.fround(live[1]! + 2 ** 24));
    expect(keptOf(one(live, [-(2 ** 24), -(2 ** 24)]), { keepFraction: 0.5 })).toEqual([0]);
    expect(keptOf(one(live, [0, 0]), { keepFraction: 0.5 })).toEqual([1]);
  });

  it('never loses a token whose score rises', () => {
    for (const scope of SCOPES) {
      for (const [score, column, better] of [['excess', 'liveLoss', 1], ['reference', 'referenceLoss', -1], ['entropy', 'entropy', -1], ['intersection', 'referenceLoss', -1], ['intersection', 'entropy', -1], ['random', 'random', 1]] as const) {
        const tokens = tokensOf(`${score}/${column}`);
        for (const i of keptOf(tokens, { score, scope, keepFraction: 0.4 })) {
          for (const rise of [0.25, 0.5, 1, 10]) {
            const risen = { ...tokens, [column]: tokens[column].with(i, tokens[column][i]! + better * rise) };
            expect(keptOf(risen, { score, scope, keepFraction: 0.4 })).toContain(i);
          }
        }
      }
    }
  });

  it.each(ranked)('of everything is plain training, whatever the score: $score over the $scope', ({ score, scope }) => {
    const tokens = tokensOf('everything');
    expect(selectTokens(tokens, { score, scope, keepFraction: 1 })).toEqual(selectTokens(tokens, { score: 'all' }));
  });

  it.each(RANKED)('over the sequence is the selection of each sequence as a batch of its own: %s', (score) => {
    const tokens = tokensOf(score);
    const { sequenceOffsets } = tokens;
    const alone = [...sequenceOffsets.subarray(1)].flatMap((end, b) => {
      const range = [sequenceOffsets[b]!, end] as const;
      const { liveLoss, referenceLoss, entropy, random, eligible } = tokens;
      const sequence = {
        step: 0,
        sequenceOffsets: evenOffsets(1, range[1] - range[0]),
        liveLoss: liveLoss.subarray(...range),
        referenceLoss: referenceLoss.subarray(...range),
        entropy: entropy.subarray(...range),
        random: random.subarray(...range),
        eligible: eligible.subarray(...range),
      };
      return [...selectTokens(sequence, { score, keepFraction: 0.3 }).mask];
    });
    expect([...selectTokens(tokens, { score, scope: 'sequence', keepFraction: 0.3 }).mask]).toEqual(alone);
  });

  it('does not depend on the order of tokens with different scores', () => {
    const random = createRandom('order');
    const losses = random.shuffled(Array.from({ length: 200 }, (_, i) => i / 16));
    const order = random.shuffled(losses.map((_, i) => i));
    const before = keptOf(one(losses, losses.map(() => 0)), { keepFraction: 0.6 });
    const after = keptOf(one(order.map((i) => losses[i]!), losses.map(() => 0)), { keepFraction: 0.6 });
    expect(new Set(after.map((i) => order[i]))).toEqual(new Set(before));
  });

  it('intersects two selections of equal size, the smallest whose overlap holds the share', () => {
    const referenceLoss = Float32Array.of(1, 2, 3, 4, 5, 6);
    const entropy = Float32Array.of(6, 1, 2, 3, 5, 4);
    const tokens: SelectionTokens = { step: 0, sequenceOffsets: evenOffsets(1, 6), referenceLoss, entropy };
    // Best by loss: 0 1 2 3 4 5; by entropy: 1 2 3 5 4 0. The 2 best share 1; the 3 best 1, 2; the 4 best 1, 2, 3; the 5 best 1 to 4.
    expect([1 / 6, 2 / 6, 3 / 6, 4 / 6].map((keepFraction) => keptOf(tokens, { score: 'intersection', keepFraction }))).toEqual([[1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]);
  });

  it('never takes a token above the cap, in warm-up neither, and divides by it only with denominator all', () => {
    const tokens = one([9, 9, 1, 1], [5, 8, 1, 1]);
    for (const warmupSteps of [0, 1]) {
      const selection = selectTokens(tokens, { keepFraction: 1, referenceLossCap: 5, warmupSteps });
      expect([...selection.mask]).toEqual([1, 0, 1, 1]);
      expect(selection).toMatchObject({ scored: 4, candidates: 3, kept: 3, denominator: 3 });
    }
    expect(selectTokens(tokens, { keepFraction: 1, referenceLossCap: 5, denominator: 'all' }).denominator).toBe(4);
  });

  it('keeps every candidate before step warmupSteps, and its share from then on', () => {
    const tokens = one([1, 2, 3, 4], [0, 0, NaN, 0]);
    const keptAt = (step: number): number => selectTokens({ ...tokens, step }, { keepFraction: 0.3, warmupSteps: 5 }).kept;
    expect([0, 4, 5, 6].map(keptAt)).toEqual([3, 3, 1, 1]);
  });

  it('with a threshold keeps what is at least as good, which may be nothing', () => {
    const tokens = { ...one([1, 2, 3], [1, 1, 1]), entropy: Float32Array.of(0.5, 1, 2) };
    expect(keptOf(tokens, { threshold: 1 })).toEqual([1, 2]);
    expect(keptOf(tokens, { score: 'entropy', threshold: 1 })).toEqual([0, 1]);
    const nothing = selectTokens(tokens, { threshold: 2.5 });
    expect(nothing).toMatchObject({ candidates: 3, kept: 0, denominator: 0, meanExcessKept: NaN, meanExcessDropped: 1 });
  });

  it('reweighted counts kept tokens 1 and the others less by e for every temperature they fall short', () => {
    const { mask, weights, denominator } = selectTokens(one([4, 3, 2, 1, 9], [0, 0, 0, 0, NaN]), { keepFraction: 0.5, reweight: { temperature: 0.5 } });
    expect([...mask]).toEqual([1, 1, 0, 0, 0]);
    expect([...weights!]).toEqual([1, 1, Math.fround(Math.exp(-2)), Math.fround(Math.exp(-4)), 0]);
    expect(denominator).toBe(weights!.reduce((sum, weight) => sum + weight, 0));
  });

  it('tells kept from dropped by their mean excess loss', () => {
    const selection = selectTokens(one([3, 1, 2, 7], [1, 1.5, 0, NaN]), { keepFraction: 0.6 });
    expect(selection).toMatchObject({ kept: 2, meanExcessKept: 2, meanExcessDropped: -0.5 });
    const { step, sequenceOffsets, referenceLoss } = one([1, 1], [1, 2]);
    expect(selectTokens({ step, sequenceOffsets, referenceLoss: referenceLoss! }, { score: 'reference' })).toMatchObject({ kept: 1, meanExcessKept: NaN });
  });

  it('needs nothing but the sequences where every token is kept or chance decides', () => {
    const tokens: SelectionTokens = { step: 0, sequenceOffsets: evenOffsets(2, 3), eligible: Uint8Array.of(1, 1, 0, 1, 1, 1) };
    expect(keptOf(tokens, { score: 'all' })).toEqual([0, 1, 3, 4, 5]);
    expect(keptOf({ ...tokens, random: Float32Array.of(0.1, 0.9, 0.99, 0.3, 0.2, 0.8) }, { score: 'random', keepFraction: 0.4 })).toEqual([1, 5]);
  });

  it.each(SCOPES)('of no tokens, or of none that is scored, keeps none: over the %s', (scope: SelectionScope) => {
    for (const tokens of [one([], []), one([1, NaN], [NaN, NaN])]) {
      for (const options of [{ scope }, { scope, reweight: { temperature: 1 } }]) {
        expect(selectTokens(tokens, options)).toMatchObject({ scored: 0, candidates: 0, kept: 0, denominator: 0 });
      }
    }
  });

  it('writes into the buffers of the caller, over what was there, and leaves its input alone', () => {
    const tokens = tokensOf('buffers');
    const before = structuredClone(tokens);
    const mask = new Uint8Array(tokens.random.length).fill(9);
    const weights = new Float32Array(mask.length).fill(9);
    const options = { keepFraction: 0.5, scope: 'sequence', reweight: { temperature: 1 } } as const;
    const selection = selectTokens(tokens, options, { mask, weights });
    expect(selection.mask).toBe(mask);
    expect(selection.weights).toBe(weights);
    expect(selection).toEqual(selectTokens(tokens, options));
    expect(tokens).toEqual(before);
  });
});

describe('a selection refuses', () => {
  const kindOf = (kind: string, message: string): object => expect.objectContaining({ kind, message }) as object;

  it('a live loss that is not finite at a scored token, and names its place', () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      const liveLoss = Float32Array.of(1, 1, 1, 1, value, 1);
      const tokens: SelectionTokens = { step: 12, sequenceOffsets: evenOffsets(2, 3), liveLoss, referenceLoss: new Float32Array(6) };
      expect(() => selectTokens(tokens, {})).toThrow(kindOf('data', `the live loss at step 12, sequence 1, position 1 must be finite, got ${value}`));
      expect(selectTokens({ ...tokens, eligible: Uint8Array.of(1, 1, 1, 1, 0, 1) }, {}).scored).toBe(5);
    }
  });

  it('reference losses, entropies and random numbers that are not finite where they count', () => {
    const tokens = one([1, 1], [1, 1]);
    expect(() => selectTokens(one([1, 1], [1, Infinity]), {})).toThrow('the reference loss at step 0, sequence 0, position 1 must be finite, got Infinity');
    for (const score of ['entropy', 'intersection'] as const) {
      expect(() => selectTokens({ ...tokens, entropy: Float32Array.of(NaN, 1) }, { score })).toThrow('the entropy (negated) at step 0, sequence 0, position 0 must be finite, got NaN');
    }
    expect(() => selectTokens({ ...tokens, random: Float32Array.of(0, NaN) }, { score: 'random' })).toThrow('the random number at step 0, sequence 0, position 1 must be finite, got NaN');
    expect(() => selectTokens(one([3e38], [-3e38]), {})).toThrow('the excess loss at step 0, sequence 0, position 0 must be finite');
  });

  it.each([
    ['excess', 'liveLoss'], ['excess', 'referenceLoss'], ['reference', 'referenceLoss'], ['entropy', 'entropy'], ['entropy', 'referenceLoss'],
    ['intersection', 'entropy'], ['intersection', 'referenceLoss'], ['random', 'random'],
  ] as const)('the score %s without %s, in warm-up too', (score, column) => {
    const { [column]: missing, ...tokens } = tokensOf('missing');
    expect(missing.length).toBeGreaterThan(0);
    expect(() => selectTokens(tokens, { score, warmupSteps: 9 })).toThrow(kindOf('usage', `selection.score ${score} needs ${column} for every token, got none`));
  });

  it('a cap without reference losses', () => {
    expect(() => selectTokens({ step: 0, sequenceOffsets: evenOffsets(1, 2) }, { score: 'all', referenceLossCap: 3 })).toThrow('selection.referenceLossCap needs referenceLoss');
  });

  it('arrays that do not fit each other', () => {
    const tokens = one([1, 2], [1, 2]);
    expect(() => selectTokens({ ...tokens, entropy: new Float32Array(3) }, {})).toThrow(kindOf('internal', 'entropy must hold one entry for each of 2 tokens, got 3'));
    expect(() => selectTokens(tokens, {}, { mask: new Uint8Array(3) })).toThrow('the mask buffer must hold one entry for each of 2 tokens, got 3');
    for (const offsets of [[], [1, 2], [0, 2, 1, 2]]) {
      expect(() => selectTokens({ ...tokens, sequenceOffsets: Int32Array.from(offsets) }, {})).toThrow('sequenceOffsets must');
    }
  });
});

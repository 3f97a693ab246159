import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { selectionVectors } from '../../scripts/fixtures/selection-vectors.js';
import { keepCount } from '../../src/selection/keep-count.js';
import type { SelectionOptions } from '../../src/selection/options.js';
import { randomScores } from '../../src/selection/random-scores.js';
import { selectTokens } from '../../src/selection/select-tokens.js';

type Numbers = readonly (number | null)[];
interface Vectors {
  readonly selections: readonly {
    readonly options: SelectionOptions;
    readonly tokens: Readonly<Record<'sequenceOffsets' | 'liveLoss' | 'referenceLoss' | 'entropy' | 'random' | 'eligible', Numbers>> & { readonly step: number };
    readonly expected: Readonly<Record<string, unknown>>;
  }[];
  readonly random: readonly { readonly seed: number; readonly step: number; readonly firstPosition: number; readonly scores: readonly number[] }[];
  readonly counts: readonly { readonly candidates: number; readonly keepFraction: number; readonly kept: number }[];
}

const text = readFileSync(new URL('../fixtures/selection/vectors.json', import.meta.url), 'utf8');
const vectors = JSON.parse(text) as Vectors;
const floats = (numbers: Numbers): Float32Array => Float32Array.from(numbers, (number) => number ?? NaN);
const bytes = (numbers: Numbers): Uint8Array => Uint8Array.from(numbers, (number) => number!);

describe('the selection vectors', () => {
  it('are what their script writes', () => {
    expect(selectionVectors() === text).toBe(true);
  });

  it.each(vectors.selections.map((vector, at) => [`${at}: ${JSON.stringify(vector.options)}`, vector] as const))(
    'are met by selectTokens: %s',
    (_, { options, tokens, expected }) => {
      const selection = selectTokens(
        {
          step: tokens.step,
          sequenceOffsets: Int32Array.from(tokens.sequenceOffsets, (offset) => offset!),
          liveLoss: floats(tokens.liveLoss),
          referenceLoss: floats(tokens.referenceLoss),
          entropy: floats(tokens.entropy),
          random: floats(tokens.random),
          eligible: bytes(tokens.eligible),
        },
        options,
      );
      const { mask, weights, meanExcessDropped, ...rest } = selection;
      expect({ ...rest, meanExcessDropped: Number.isNaN(meanExcessDropped) ? null : meanExcessDropped, mask: [...mask] }).toEqual({ ...expected, weights: undefined });
      expect(weights).toEqual(expected.weights === undefined ? undefined : floats(expected.weights as Numbers));
    },
  );

  it.each(vectors.random)('are met by randomScores: seed $seed, step $step, position $firstPosition', ({ seed, step, firstPosition, scores }) => {
    const drawn = new Float32Array(scores.length);
    randomScores(seed, step, drawn, firstPosition);
    expect([...drawn]).toEqual(scores);
  });

  it.each(vectors.counts)('are met by keepCount: $keepFraction of $candidates', ({ candidates, keepFraction, kept }) => {
    expect(keepCount(candidates, keepFraction)).toBe(kept);
  });
});

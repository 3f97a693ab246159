import { describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/run/plan.js';
import { documentFormat, laidOutLength } from '../../../src/training/data/sequence-format.js';
import { verifyScoreSet, type TrainingSetting } from '../../../src/training/data/verify-source.js';
import { BOS, EOS, manifestOf, planFor } from './score-sets.js';

const WINDOWS: Plan['windows'] = { layout: 'document', contextLength: 512, stride: 256, bos: 'bos', bosId: BOS, eosId: EOS };
const SHARD = { unit: 0, path: 'shards/part-00000.parquet', sha256: '0'.repeat(64), bytes: 1, rows: 1, tokens: 10, scored: 9, nonfinite: 0, lossSum: 1 };

function verify(setting: Partial<TrainingSetting> = {}, windows: Partial<Plan['windows']> = {}, scored = 9): ReturnType<typeof verifyScoreSet> {
  const plan = planFor(1, { ...WINDOWS, ...windows });
  const manifest = manifestOf(plan, [{ ...SHARD, scored }]);
  return verifyScoreSet({ plan, manifest }, { tokenizerHash: plan.tokenizer.hash, vocabSize: 512, length: 'auto', bos: 'auto', needs: { reference: true, entropy: true }, ...setting });
}

describe('a score set under a training setting', () => {
  it('is trained on as it was scored where nothing else is said', () => {
    expect(verify()).toEqual({ format: { layout: 'document', length: 511, prefixId: BOS, separatorId: EOS }, notes: [] });
    expect(verify({}, { bos: 'eos-as-bos' }).format.prefixId).toBe(EOS);
    expect(verify({}, { layout: 'packed' }).format).toEqual({ layout: 'packed', length: 511, prefixId: BOS, separatorId: EOS });
    expect(verify({ length: 511 }, { layout: 'packed' }).format.length).toBe(511);
  });

  it('tells of contexts that differ', () => {
    expect(verify({ length: 1023 }).notes).toEqual([expect.stringContaining('saw at most 511 tokens before a token (its context length 512 less one), the live model sees up to 1023')]);
    expect(verify({}, { bos: 'none' }).notes).toEqual([expect.stringContaining('first token of each document has no reference loss')]);
    expect(verify({ length: 1023, needs: { reference: false, entropy: false } }, { bos: 'none' }).notes).toEqual([]);
  });

  it.each([
    ['another tokenizer', { tokenizerHash: 'f'.repeat(64) }, {}, 'mismatch', `its tokenizer.json has ${'f'.repeat(64)}`],
    ['a vocabulary smaller than the tokenizer', { vocabSize: 511 }, {}, 'mismatch', "a row for each of the tokenizer's 512 tokens, its vocabulary has 511"],
    ['another BOS policy', { bos: 'none' }, {}, 'mismatch', 'must be that of the score set, "bos", got "none"'],
    ['another length than the packed rows have', { length: 512 }, { layout: 'packed' }, 'mismatch', 'have 511 inputs (its context length 512 less one), training asks for 512'],
    ['no EOS between documents', {}, { eosId: null }, 'usage', 'the tokenizer names no EOS token'],
    ['a sequence of nothing', { length: 0 }, {}, 'usage', 'the sequence length must be a whole number from 1, got 0'],
  ] as const)('is refused with %s', (_, setting, windows, kind, message) => {
    expect(() => verify(setting, windows)).toThrow(expect.objectContaining({ kind, message: expect.stringContaining(message) as string }) as Error);
  });

  it('is refused without an entropy or a loss that is needed, and only then', () => {
    expect(() => verify({}, {}, 0)).toThrow('the score set must have reference losses, none of its 10 tokens has one');
    expect(verify({ needs: { reference: false, entropy: false } }, {}, 0).format.length).toBe(511);
    const plan = planFor(1, WINDOWS);
    const plain = { plan: { ...plan, output: { ...plan.output, stats: { entropy: false, top1: false, bytes: false } } }, manifest: manifestOf(plan, [SHARD]) };
    const setting = { tokenizerHash: plan.tokenizer.hash, vocabSize: 512, length: 'auto', bos: 'auto' } as const;
    expect(() => verifyScoreSet(plain, { ...setting, needs: { reference: true, entropy: true } })).toThrow('the set was scored without it');
    expect(verifyScoreSet(plain, { ...setting, needs: { reference: true, entropy: false } }).notes).toEqual([]);
  });
});

describe('the format of documents', () => {
  it('needs the tokens it is made of', () => {
    expect(() => documentFormat(8, 'bos', { bosId: null, eosId: EOS })).toThrow('the tokenizer names no BOS token');
    expect(documentFormat(8, 'none', { bosId: null, eosId: EOS })).toEqual({ layout: 'document', length: 8, prefixId: null, separatorId: EOS });
  });

  it('counts one token between documents where BOS is EOS, by policy or by id', () => {
    expect([documentFormat(8, 'eos-as-bos', { bosId: BOS, eosId: EOS }), documentFormat(8, 'bos', { bosId: EOS, eosId: EOS })].map((format) => laidOutLength(5, format))).toEqual([6, 6]);
    expect(laidOutLength(5, documentFormat(8, 'bos', { bosId: BOS, eosId: EOS }))).toBe(7);
    expect(laidOutLength(5, documentFormat(8, 'none', { bosId: BOS, eosId: EOS }))).toBe(6);
    expect(laidOutLength(0, documentFormat(8, 'bos', { bosId: BOS, eosId: EOS }))).toBe(0);
  });
});

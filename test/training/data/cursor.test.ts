import { describe, expect, it } from 'vitest';
import { checkCursor, startOf, type Cursor, type StreamIdentity } from '../../../src/training/data/cursor.js';
import { packBatches, type PackOptions } from '../../../src/training/data/pack-batches.js';
import { openScoreSetRows } from '../../../src/training/data/score-set-rows.js';
import { documentFormat } from '../../../src/training/data/sequence-format.js';
import { streamRows } from '../../../src/training/data/stream-rows.js';
import type { RowSource } from '../../../src/training/data/training-rows.js';
import { BOS, documentsOf, EOS, packedRows, scoreSet, take, VOCAB } from './score-sets.js';

const OPEN = { seed: 'seed', losses: true, entropy: true, vocabSize: VOCAB, windowTokens: 60 };
const LENGTHS = [5, 0, 1, 23, 7, 40, 2, 9, 0, 0, 13, 1, 8, 17, 3, 30, 4, 1, 1, 6];
const DOCUMENT = documentFormat(8, 'bos', { bosId: BOS, eosId: EOS });

const throughJson = (cursor: Cursor): unknown => JSON.parse(JSON.stringify(cursor));

/** Cases of everything that resuming has to get right. */
const CASES: readonly (readonly [string, () => Promise<RowSource>, Omit<PackOptions, 'from'>])[] = [
  ['documents', async () => openScoreSetRows(await scoreSet([documentsOf(LENGTHS), [], documentsOf([11, 0], 900)]), OPEN), { format: DOCUMENT, sequences: 2, positions: 'all', epochs: 3 }],
  ['documents without a prefix, of which only targets count', async () => openScoreSetRows(await scoreSet([documentsOf(LENGTHS)], { bos: 'none' }), OPEN), { format: { ...DOCUMENT, prefixId: null }, sequences: 1, positions: 'eligible', epochs: 3 }],
  ['documents with EOS as BOS and T = 1', async () => openScoreSetRows(await scoreSet([documentsOf(LENGTHS)], { bos: 'eos-as-bos' }), OPEN), { format: { ...DOCUMENT, length: 1, prefixId: EOS }, sequences: 7, positions: 'all', epochs: 2 }],
  ['packed rows', async () => openScoreSetRows(await scoreSet([packedRows(17, 8, 2), [], packedRows(4, 8, 0)], { layout: 'packed' }), OPEN), { format: { ...DOCUMENT, layout: 'packed' }, sequences: 2, positions: 'all', epochs: 3 }],
  ['the second of three ranks', async () => openScoreSetRows(await scoreSet([documentsOf(LENGTHS)]), OPEN), { format: DOCUMENT, sequences: 1, positions: 'all', epochs: 3, rank: { index: 1, count: 3 } }],
  ['a stream', () => Promise.resolve(streamRows({ name: 'stream', seed: 'seed', vocabSize: VOCAB, windowTokens: 50, open: async function* () { yield* await Promise.resolve(documentsOf(LENGTHS)); } })), { format: DOCUMENT, sequences: 2, positions: 'eligible', epochs: 3 }],
];

describe('a stream that is interrupted', () => {
  it.each(CASES)('goes on with exactly the next batch, wherever it stopped: %s', async (_, open, options) => {
    const source = await open();
    const whole = await take(packBatches(source, options));
    expect(whole.length).toBeGreaterThan(8);
    for (const [at, { next }] of whole.entries()) {
      expect(await take(packBatches(source, { ...options, from: throughJson(next) }))).toEqual(whole.slice(at + 1));
    }
  });

  it('goes on from its beginning when it never began', async () => {
    const source = await CASES[0]![1]();
    const from = throughJson(startOf({ ...source.identity, ...DOCUMENT }));
    expect(await take(packBatches(source, { ...CASES[0]![2], from }), 3)).toEqual(await take(packBatches(source, CASES[0]![2]), 3));
  });

  it('may go on with another batch size: the same sequences follow', async () => {
    const [, open, options] = CASES[0]!;
    const source = await open();
    const rows = (batches: readonly { readonly inputIds: Int32Array }[]): number[] => batches.flatMap(({ inputIds }) => [...inputIds]);
    const whole = await take(packBatches(source, { ...options, epochs: Infinity }), 30);
    const others = await take(packBatches(source, { ...options, epochs: Infinity, sequences: 5, from: throughJson(whole[9]!.next) }), 8);
    expect(rows(others)).toEqual(rows(whole.slice(10)));
    expect(others.at(-1)!.next).toEqual(whole.at(-1)!.next);
    expect(whole[9]!.next.sequences).toBe(20);
  });

  it('is at its end when it stopped there, also behind empty documents', async () => {
    const source = streamRows({ name: 'stream', seed: null, vocabSize: VOCAB, windowTokens: 50, open: async function* () { yield* await Promise.resolve(documentsOf([50, 0, 0])); } });
    const options = { format: DOCUMENT, sequences: 1, positions: 'all', epochs: 1 } as const;
    const last = (await take(packBatches(source, options))).at(-1)!.next;
    expect(last).toMatchObject({ window: 1, row: 2 });
    expect(await take(packBatches(source, { ...options, from: last }))).toEqual([]);
  });

  it('keeps no more than a small object', async () => {
    const [, open, options] = CASES[0]!;
    const [batch] = await take(packBatches(await open(), options), 1);
    expect(JSON.stringify(batch!.next).length).toBeLessThan(400);
    expect(throughJson(batch!.next)).toEqual(batch!.next);
  });
});

describe('a cursor', () => {
  const stream: StreamIdentity = { ...DOCUMENT, source: 'abc', seed: 'seed', windowTokens: 100 };

  it.each([
    ['source', 'abd', 'the checkpoint stopped in a stream whose source is abc, this one has abd'],
    ['seed', null, 'the checkpoint stopped in a stream whose seed is seed, this one has null'],
    ['windowTokens', 101, 'the checkpoint stopped in a stream whose shuffle window is 100, this one has 101'],
    ['layout', 'packed', 'the checkpoint stopped in a stream whose layout is document, this one has packed'],
    ['length', 9, 'the checkpoint stopped in a stream whose sequence length is 8, this one has 9'],
    ['prefixId', null, 'the checkpoint stopped in a stream whose prefix id is 1, this one has null'],
    ['separatorId', 3, 'the checkpoint stopped in a stream whose separator id is 2, this one has 3'],
  ] as const)('of a stream with another %s is refused', (name, value, message) => {
    expect(() => checkCursor(startOf(stream), { ...stream, [name]: value })).toThrow(expect.objectContaining({ kind: 'mismatch', message }) as Error);
  });

  it.each([[null], [{}], [{ ...startOf(stream), row: -1 }], [{ ...startOf(stream), token: 0.5 }], [{ ...startOf(stream), extra: 1 }], ['text']])('that is damaged is refused: %j', (value) => {
    expect(() => checkCursor(value, stream)).toThrow(expect.objectContaining({ kind: 'io', message: expect.stringContaining('the data position cannot be read') as string }) as Error);
  });
});

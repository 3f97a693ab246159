import { describe, expect, it } from 'vitest';
import { packBatches } from '../../../src/training/data/pack-batches.js';
import { documentFormat } from '../../../src/training/data/sequence-format.js';
import { streamRows, type StreamRowsOptions } from '../../../src/training/data/stream-rows.js';
import { BOS, documentsOf, EOS, take, trainedTokens, VOCAB } from './score-sets.js';

const DOCUMENTS = documentsOf(Array.from({ length: 40 }, (_, i) => (i * 3) % 11));
const FORMAT = documentFormat(8, 'bos', { bosId: BOS, eosId: EOS });

const source = (change: Partial<StreamRowsOptions> = {}): ReturnType<typeof streamRows> =>
  streamRows({ name: 'corpus', seed: 'seed', vocabSize: VOCAB, windowTokens: 50, open: async function* () { yield* await Promise.resolve(DOCUMENTS); }, ...change });

describe('a stream of documents', () => {
  it('gives every document once an epoch, shuffled within a window, differently each epoch', async () => {
    const batches = await take(packBatches(source(), { format: FORMAT, sequences: 2, positions: 'eligible', epochs: 1 }));
    const trained = batches.flatMap(trainedTokens);
    const tokens = DOCUMENTS.flatMap(({ tokenIds }) => [...tokenIds]);
    expect(trained).not.toEqual(tokens);
    expect(trained.toSorted((a, b) => a - b)).toEqual(tokens);
    const orders = await Promise.all([0, 1].map(async (epoch) => (await take(source().windows(epoch, 0))).map((window) => Array.from({ length: window.rows }, (_, place) => window.rowAt(place).row))));
    expect(orders[0]).not.toEqual(orders[1]);
    expect(orders[0]!.map((window) => Math.min(...window))).toEqual(orders[1]!.map((window) => Math.min(...window)));
  });

  it('holds no more than a window and the document that fills it', async () => {
    for (const { tokens, rows } of await take(source().windows(0, 0))) {
      expect(tokens).toBeLessThan(50 + 11);
      expect(rows).toBeGreaterThan(0);
    }
  });

  it('has neither losses nor entropies', async () => {
    const [batch] = await take(packBatches(source(), { format: FORMAT, sequences: 1, positions: 'eligible' }), 1);
    expect([batch!.reference, batch!.entropy]).toEqual([undefined, undefined]);
  });

  it('closes what it reads when the batches are not taken to the end', async () => {
    let closed = 0;
    const open = async function* (): AsyncGenerator<{ tokenIds: Int32Array }> {
      try {
        yield* await Promise.resolve(DOCUMENTS);
      } finally {
        closed++;
      }
    };
    await take(packBatches(source({ open }), { format: FORMAT, sequences: 1, positions: 'all' }), 3);
    expect(closed).toBe(1);
  });

  it('with a token id outside the vocabulary is refused by name and document', async () => {
    const open = async function* (): AsyncGenerator<{ tokenIds: Int32Array }> {
      yield* await Promise.resolve([{ tokenIds: Int32Array.of(1, 2) }, { tokenIds: Int32Array.of(3, -1) }]);
    };
    await expect(take(source({ open }).windows(0, 0))).rejects.toMatchObject({ kind: 'data', message: expect.stringContaining('corpus, document 1: token ids must be from 0 to 99999') as string });
  });

  it('without any token is refused instead of being read for ever', async () => {
    const open = async function* (): AsyncGenerator<{ tokenIds: Int32Array }> {
      yield await Promise.resolve({ tokenIds: new Int32Array(0) });
    };
    await expect(take(packBatches(source({ open }), { format: FORMAT, sequences: 1, positions: 'all' }), 1)).rejects.toThrow('corpus must hold tokens to train on, it has none');
  });
});

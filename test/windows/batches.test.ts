import { describe, expect, it } from 'vitest';
import type { KnownDocument, TokenizedDocument } from '../../src/records.js';
import { scatterLosses, type Batch } from '../../src/windows/batch.js';
import { batches, bucketLength, type BatchOptions } from '../../src/windows/batches.js';
import type { OpenDocument } from '../../src/windows/open-document.js';

const OPTIONS: BatchOptions = { contextLength: 16, stride: 5, prefixId: null, batchTokens: 48, chunkRows: 7, stats: { entropy: true, top1: true } };

/** Documents whose ids are distinct numbers, so that a loss that equals its target's id proves where it came from. */
function documents(lengths: readonly number[]): TokenizedDocument[] {
  let next = 100;
  return lengths.map((length, at) => ({
    kind: 'tokenized', id: `d${at}`, source: 's', hash: 'h', tokenIds: Int32Array.from({ length }, () => next++),
  }));
}

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

async function collect(lengths: readonly number[], options: BatchOptions): Promise<{ opened: OpenDocument[]; made: Batch[] }> {
  const opened: OpenDocument[] = [];
  const made: Batch[] = [];
  for await (const batch of batches(stream(documents(lengths)), options, (open) => opened.push(open))) made.push(batch);
  return { opened, made };
}

/** A model whose loss is the target's id, entropy the id before it, top1 its lowest bit. */
function answer(batch: Batch): { loss: Float32Array; entropy: Float32Array; top1: Uint8Array } {
  return {
    loss: Float32Array.from(batch.targets),
    entropy: Float32Array.from(batch.rows, (row) => batch.inputIds[row]!),
    top1: Uint8Array.from(batch.targets, (id) => id & 1),
  };
}

describe('batches', () => {
  const lengths = [0, 1, 2, 3, 15, 16, 17, 40, 5, 5, 5, 90, 16, 8, 1, 0, 33];

  for (const prefixId of [null, 7]) {
    it(`puts every loss back to its token, ${prefixId === null ? 'without' : 'with'} a BOS prefix`, async () => {
      const { opened, made } = await collect(lengths, { ...OPTIONS, prefixId });
      for (const batch of made.toReversed()) expect(scatterLosses(batch, answer(batch))).toBe(0);
      for (const open of opened) {
        expect(open.complete).toBe(true);
        const { tokenIds, refLoss, entropy, top1 } = open.finish();
        const first = prefixId === null ? NaN : tokenIds[0]!;
        expect([...refLoss]).toEqual(Array.from(tokenIds, (id, at) => (at === 0 ? first : id)));
        expect([...entropy!]).toEqual(Array.from(tokenIds, (id, at) => (at === 0 ? (prefixId ?? NaN) : id - 1)));
        expect([...top1!].slice(1)).toEqual(Array.from(tokenIds, (id) => id & 1).slice(1));
      }
    });
  }

  it('opens documents in order and gives the same batches every time', async () => {
    const first = await collect(lengths, OPTIONS);
    const second = await collect(lengths, OPTIONS);
    expect(first.opened.map(({ document }) => document.id)).toEqual(lengths.map((_, at) => `d${at}`));
    expect(second.made.map(({ inputIds, rows }) => [inputIds, rows])).toEqual(first.made.map(({ inputIds, rows }) => [inputIds, rows]));
  });

  it('keeps batches within their size and the head chunks equal', async () => {
    const { made } = await collect(lengths, OPTIONS);
    for (const { sequences, length, rows, chunks, chunkRows, scored } of made) {
      expect(sequences * length).toBeLessThanOrEqual(48);
      expect(chunkRows).toBeLessThanOrEqual(7);
      expect(rows.length).toBe(chunks * chunkRows);
      expect(rows.length - scored).toBeLessThan(chunks);
    }
  });

  it('hands known documents on in their place, and makes no batch of them', async () => {
    const known = (at: number): KnownDocument => ({ kind: 'known', id: `k${at}`, source: 's', hash: 'h', row: at, characters: 9 });
    const [first, second] = documents([20, 3]);
    const order: string[] = [];
    const made: Batch[] = [];
    const take = (row: OpenDocument | KnownDocument): void => void order.push(row.kind === 'known' ? row.id : row.document.id);
    for await (const batch of batches(stream([known(0), first!, known(1), second!, known(2)]), OPTIONS, take)) made.push(batch);
    expect(order).toEqual(['k0', 'd0', 'k1', 'd1', 'k2']);
    expect(new Set(made.flatMap(({ windows }) => windows.map(({ document }) => document.document.id)))).toEqual(new Set(['d0', 'd1']));
  });

  it('lets at most 65,536 documents follow one whose losses are still to come', async () => {
    const [only] = documents([5]);
    let followed = -1;
    async function* crowd(): AsyncGenerator<TokenizedDocument | KnownDocument> {
      yield await Promise.resolve(only!);
      for (let at = 0; at < 200_000; at++) yield { kind: 'known', id: 'k', source: 's', hash: 'h', row: at, characters: 9 };
    }
    for await (const batch of batches(crowd(), OPTIONS, () => followed++)) {
      expect(batch.windows[0]!.document.document.id).toBe('d0');
      expect(followed).toBe(65_536);
      return;
    }
    expect.unreachable('no batch was made');
  });

  it('counts a non-finite loss and leaves its token unscored', async () => {
    const { opened, made } = await collect([4], OPTIONS);
    const losses = { ...answer(made[0]!), loss: Float32Array.of(NaN, Infinity, 3) };
    expect(scatterLosses(made[0]!, losses)).toBe(2);
    expect([...opened[0]!.finish().refLoss]).toEqual([NaN, NaN, NaN, 3]);
  });

  it('pads less than a tenth of what is computed on a realistic mix of lengths', async () => {
    // Log-normal lengths with a median of 120 tokens, as web documents have.
    let seed = 1;
    const uniform = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const mix = Array.from({ length: 3000 }, () => Math.ceil(120 * Math.exp(Math.sqrt(-2 * Math.log(uniform())) * Math.cos(6.2831853 * uniform()))));
    const { made } = await collect(mix, { ...OPTIONS, contextLength: 512, stride: 256, batchTokens: 4096, chunkRows: 512 });
    const computed = made.reduce((sum, { sequences, length }) => sum + sequences * length, 0);
    const real = made.reduce((sum, { windows }) => sum + windows.reduce((inner, { window }) => inner + window.length, 0), 0);
    expect(real).toBeGreaterThan(300_000);
    expect((computed - real) / computed).toBeLessThan(0.1);
  });
});

describe('bucketLength', () => {
  it('never shortens, stays within the context and costs at most a ninth', () => {
    for (let length = 1; length <= 2048; length++) {
      const bucket = bucketLength(length, 2048);
      expect(bucket).toBeGreaterThanOrEqual(length);
      if (length >= 8) expect(bucket / length).toBeLessThanOrEqual(1 + 1 / 8);
    }
    expect(bucketLength(1000, 1000)).toBe(1000);
  });
});

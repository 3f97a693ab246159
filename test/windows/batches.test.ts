import { describe, expect, it } from 'vitest';
import type { KnownDocument, TokenizedDocument } from '../../src/records.js';
import { scatterLosses, type Batch } from '../../src/windows/batch.js';
import { bucketLength, fixedLength } from '../../src/windows/batch-shape.js';
import { batches, largestBatches, type BatchOptions } from '../../src/windows/batches.js';
import type { OpenDocument } from '../../src/windows/open-document.js';

const OPTIONS: BatchOptions = { contextLength: 16, stride: 5, prefixId: null, batchTokens: 48, shapes: { kind: 'fitted', chunkRows: 7 }, stats: { entropy: true, top1: true } };

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
    const { made } = await collect(mix, { ...OPTIONS, contextLength: 512, stride: 256, batchTokens: 4096, shapes: { kind: 'fitted', chunkRows: 512 } });
    const computed = made.reduce((sum, { sequences, length }) => sum + sequences * length, 0);
    const real = made.reduce((sum, { windows }) => sum + windows.reduce((inner, { window }) => inner + window.length, 0), 0);
    expect(real).toBeGreaterThan(300_000);
    expect((computed - real) / computed).toBeLessThan(0.1);
  });
});

describe('batches of fixed shapes', () => {
  const fixed: BatchOptions = { ...OPTIONS, contextLength: 128, stride: 64, batchTokens: 600, shapes: { kind: 'fixed', chunks: 3 } };
  const lengths = [0, 1, 2, 128, 129, 300, 5, 5, 5, 70, 81, 97, 1000, 16, 8, 1, 0, 33];

  it('give every token the loss that fitted batches give it', async () => {
    const [one, other] = [await collect(lengths, fixed), await collect(lengths, { ...fixed, shapes: { kind: 'fitted', chunkRows: 7 } })];
    for (const { made } of [one, other]) for (const batch of made) scatterLosses(batch, answer(batch));
    one.opened.forEach((open, at) => {
      expect(open.complete).toBe(true);
      expect(open.finish()).toEqual(other.opened[at]!.finish());
    });
  });

  it('have one number of sequences for each of few lengths, and as many head chunks as the graph', async () => {
    const { made } = await collect(lengths, fixed);
    expect(new Set(made.map(({ sequences, length }) => `${sequences} x ${length}`))).toEqual(new Set(['4 x 128', '5 x 112', '9 x 64']));
    for (const { inputIds, sequences, length, rows, targets, chunks, chunkRows, scored } of made) {
      expect(inputIds.length).toBe(sequences * length);
      expect([rows.length, targets.length]).toEqual([chunks * chunkRows, chunks * chunkRows]);
      expect(chunks).toBe(3);
      expect(chunkRows % 128).toBe(0);
      expect(scored).toBeLessThanOrEqual(chunks * chunkRows);
      expect(chunkRows - Math.ceil(scored / 3)).toBeLessThan(128);
    }
  });

  it('have empty sequences behind the last window, and count them as padding', async () => {
    const { made } = await collect([128, 128], fixed);
    expect(made).toHaveLength(1);
    const [{ sequences, length, windows, inputIds }] = made as [Batch];
    expect([sequences, length, windows.length]).toEqual([4, 128, 2]);
    expect(inputIds.subarray(256).every((id) => id === 0)).toBe(true);
    expect(sequences * length - windows.reduce((sum, { window }) => sum + window.length, 0)).toBe(256);
  });

  it('are none larger than the largest, which hold no window and score nothing', async () => {
    const largest = largestBatches(fixed, 3);
    expect(largest.map(({ sequences, length, chunks, chunkRows, scored, windows }) => [sequences, length, chunks, chunkRows, scored, windows])).toEqual([[4, 128, 3, 256, 0, []], [6, 96, 3, 256, 0, []]]);
    const most = (sizeOf: (batch: Batch) => number): number => Math.max(...largest.map(sizeOf));
    for (const batch of (await collect([...lengths, 5000], fixed)).made) {
      expect(batch.length).toBeLessThanOrEqual(most(({ length }) => length));
      expect(batch.inputIds.length).toBeLessThanOrEqual(most(({ inputIds }) => inputIds.length));
      expect(batch.rows.length).toBeLessThanOrEqual(most(({ rows }) => rows.length));
    }
  });

  it('have one sequence where the context is longer than a batch may be', async () => {
    const { made } = await collect([128, 100], { ...fixed, batchTokens: 50 });
    expect(made.map(({ sequences, length }) => [sequences, length])).toEqual([[1, 128], [1, 112]]);
  });

  it('go from the longest to the shortest, so that memory is claimed once', async () => {
    const { made } = await collect(lengths, fixed);
    expect(made.map(({ length }) => length)).toEqual(made.map(({ length }) => length).toSorted((a, b) => b - a));
  });
});

describe('fixedLength', () => {
  it('has four steps an octave from 64 on, the context among them', () => {
    const found = new Set(Array.from({ length: 300 }, (_, at) => fixedLength(at + 1, 300)));
    expect([...found]).toEqual([64, 80, 96, 112, 128, 160, 192, 224, 256, 300]);
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

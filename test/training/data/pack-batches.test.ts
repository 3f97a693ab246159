import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/math/random.js';
import type { ScoredDocument } from '../../../src/records.js';
import { rowsInBatch, targetOrigin, type TrainingBatch } from '../../../src/training/data/batch.js';
import { packBatches } from '../../../src/training/data/pack-batches.js';
import { openScoreSetRows } from '../../../src/training/data/score-set-rows.js';
import { documentFormat, type SequenceFormat } from '../../../src/training/data/sequence-format.js';
import { BOS, documentsOf, entropyOf, EOS, lossOf, packedRows, scored, scoreSet, take, trainedTokens, VOCAB, type Bos } from './score-sets.js';

const POLICIES: readonly Bos[] = ['none', 'bos', 'eos-as-bos'];
const IDS = { bosId: BOS, eosId: EOS };
const OPEN = { seed: 'seed', losses: true, entropy: true, vocabSize: VOCAB, windowTokens: 90 };

/** Empty documents, single tokens, and some longer than any sequence. */
function unevenUnits(): ScoredDocument[][] {
  const random = createRandom('lengths');
  const lengths = [0, 1, 1, 2, 0, 70, ...Array.from({ length: 40 }, () => random.pick([0, 1, 3, random.below(30)])), 33, 0];
  const documents = documentsOf(lengths);
  return [documents.slice(0, 11), [], documents.slice(11, 12), documents.slice(12)];
}

const format = (bos: Bos, length = 8): SequenceFormat => documentFormat(length, bos, IDS);
const tokensOf = (documents: readonly ScoredDocument[]): number[] => documents.flatMap(({ tokenIds }) => [...tokenIds]);

/** The line of tokens that documents make, by the definition: [id, may be a target]. */
function lineOf(documents: readonly ScoredDocument[], bos: Bos): [number, boolean][] {
  return documents
    .filter(({ tokenIds }) => tokenIds.length > 0)
    .flatMap(({ tokenIds }) => {
      const tokens = [...tokenIds].map((id): [number, boolean] => [id, true]);
      if (bos === 'eos-as-bos') return [[EOS, true], ...tokens];
      return [...(bos === 'bos' ? [[BOS, false] as [number, boolean]] : []), ...tokens, [EOS, true]];
    });
}

describe('batches of documents', () => {
  it.each(POLICIES)('are the documents laid end to end and cut every T tokens (BOS policy %s)', async (bos) => {
    const units = unevenUnits();
    const set = await openScoreSetRows(await scoreSet(units, { bos }), { ...OPEN, seed: null });
    const batches = await take(packBatches(set, { format: format(bos), sequences: 3, positions: 'all', epochs: 2 }));
    const line = [...lineOf(units.flat(), bos), ...lineOf(units.flat(), bos)];
    const cells = batches.length * 3 * 8;
    expect(cells - (line.length - 1)).toBeLessThan(3 * 8);
    const padded = [...line, ...Array.from({ length: cells + 1 - line.length }, (): [number, boolean] => [EOS, false])];
    expect(batches.flatMap(({ inputIds }) => [...inputIds])).toEqual(padded.slice(0, -1).map(([id]) => id));
    expect(batches.flatMap(({ targets }) => [...targets])).toEqual(padded.slice(1).map(([id]) => id));
    expect(batches.flatMap(({ eligible }) => [...eligible])).toEqual(padded.slice(1).map(([, target]) => Number(target)));
  });

  it.each(POLICIES)('carry the loss and the entropy of each target, not of its neighbour (BOS policy %s)', async (bos) => {
    const set = await openScoreSetRows(await scoreSet(unevenUnits(), { bos }), OPEN);
    let checked = 0;
    for (const { targets, reference, entropy, inputIds, rows, length } of await take(packBatches(set, { format: format(bos), sequences: 2, positions: 'all', epochs: 2 }))) {
      expect([...reference!]).toEqual([...targets].map((id) => (id === EOS || id === BOS ? NaN : lossOf(id))));
      expect([...entropy!]).toEqual([...targets].map((id) => (id === EOS || id === BOS ? NaN : entropyOf(id))));
      targets.forEach((id, i) => {
        if ((rows[i]! + 1) % length !== 0) expect(inputIds[rows[i]! + 1]).toBe(id);
        checked++;
      });
    }
    expect(checked).toBeGreaterThanOrEqual(2 * lineOf(unevenUnits().flat(), bos).length - 1);
  });

  it.each([1, 2, 8, 31, 500])('make every token a target exactly once in an epoch, for T = %i', async (length) => {
    const units = unevenUnits();
    const set = await openScoreSetRows(await scoreSet(units), OPEN);
    const batches = await take(packBatches(set, { format: format('bos', length), sequences: 2, positions: 'all', epochs: 1 }));
    const trained = batches.flatMap(trainedTokens);
    expect(trained).not.toEqual(tokensOf(units.flat()));
    expect(trained.sort((a, b) => a - b)).toEqual(tokensOf(units.flat()));
    const separators = batches.flatMap(({ targets, eligible }) => [...targets].filter((id, i) => id === EOS && eligible[i] === 1)).length;
    expect(separators).toBe(units.flat().filter(({ tokenIds }) => tokenIds.length > 0).length);
  });

  it('of one epoch run on into the next, so that no sequence is filled up between them', async () => {
    const units = unevenUnits();
    const set = await openScoreSetRows(await scoreSet(units), OPEN);
    const perEpoch = lineOf(units.flat(), 'bos').length;
    const batches = await take(packBatches(set, { format: format('bos'), sequences: 1, positions: 'all' }), Math.ceil((3 * perEpoch) / 8));
    expect(batches.at(-1)!.next.epoch).toBe(3);
    const seen = new Map<number, number>();
    for (const id of batches.flatMap(trainedTokens)) seen.set(id, (seen.get(id) ?? 0) + 1);
    expect(tokensOf(units.flat()).filter((id) => seen.get(id)! < 3)).toEqual([]);
    expect(batches.filter(({ inputIds }) => inputIds.every((id) => id === EOS))).toEqual([]);
  });

  it('end with the last target: a stream of 2 T + 1 tokens has two sequences', async () => {
    for (const [tokens, batches] of [[14, 2], [15, 2], [16, 3]] as const) {
      const set = await openScoreSetRows(await scoreSet([documentsOf([tokens])]), OPEN);
      expect((await take(packBatches(set, { format: format('bos'), sequences: 1, positions: 'all', epochs: 1 }))).length).toBe(batches);
    }
  });

  it('hold only targets when asked to, the same in the same order', async () => {
    const set = await openScoreSetRows(await scoreSet(unevenUnits()), OPEN);
    const options = { format: format('bos'), sequences: 3, epochs: 1 };
    const all = await take(packBatches(set, { ...options, positions: 'all' }));
    const eligible = await take(packBatches(set, { ...options, positions: 'eligible' }));
    expect(eligible.length).toBe(all.length);
    eligible.forEach((batch, i) => {
      const whole = all[i]!;
      const chosen = [...whole.eligible.keys()].filter((n) => whole.eligible[n] === 1);
      for (const name of ['rows', 'targets', 'reference', 'entropy', 'eligible'] as const) expect([...batch[name]!]).toEqual(chosen.map((n) => whole[name]![n]));
      expect(batch.targetCount).toBe(chosen.length);
      expect(whole.targetCount).toBe(chosen.length);
      expect([...batch.sequenceOffsets]).toEqual([0, 1, 2, 3].map((b) => chosen.filter((n) => n < b * 8).length));
      expect([...whole.sequenceOffsets]).toEqual([0, 8, 16, 24]);
      expect(batch.inputIds).toEqual(whole.inputIds);
    });
    expect(eligible.some(({ targets }) => targets.length < 24)).toBe(true);
  });

  it('say of every target in which row it stands', async () => {
    const units = unevenUnits();
    const set = await openScoreSetRows(await scoreSet(units), OPEN);
    let named = 0;
    for (const batch of await take(packBatches(set, { format: format('bos'), sequences: 2, positions: 'all', epochs: 1 }))) {
      const rows = new Set(rowsInBatch(batch).map(({ unit, row }) => `${unit}/${row}`));
      batch.targets.forEach((id, i) => {
        const origin = targetOrigin(batch, i);
        if (batch.eligible[i] === 0) {
          expect(origin).toBeUndefined();
          return;
        }
        const { tokenIds } = units[origin!.unit]![origin!.row]!;
        expect(id).toBe(origin!.token === tokenIds.length ? EOS : tokenIds[origin!.token]);
        expect(rows.has(`${origin!.unit}/${origin!.row}`)).toBe(true);
        named++;
      });
    }
    expect(named).toBe(lineOf(units.flat(), 'bos').filter(([, target]) => target).length);
  });

  it('are the same however often they are made, and others for another seed', async () => {
    const run = await scoreSet(unevenUnits());
    const make = async (seed: string): Promise<TrainingBatch[]> => take(packBatches(await openScoreSetRows(run, { ...OPEN, seed }), { format: format('bos'), sequences: 2, positions: 'all', epochs: 2 }));
    const first = await make('a');
    expect(await make('a')).toEqual(first);
    expect((await make('b'))[0]!.inputIds).not.toEqual(first[0]!.inputIds);
  });

  it('without losses leave them out', async () => {
    const set = await openScoreSetRows(await scoreSet(unevenUnits()), { ...OPEN, losses: false, entropy: false });
    const [batch] = await take(packBatches(set, { format: format('bos'), sequences: 2, positions: 'eligible' }), 1);
    expect(Object.keys(batch!)).not.toContain('reference');
    expect(Object.keys(batch!)).not.toContain('entropy');
  });

  it('of a set without tokens are refused, also where rows are there', async () => {
    for (const units of [[[]], [documentsOf([0, 0])]]) {
      const set = await openScoreSetRows(await scoreSet(units), OPEN);
      await expect(take(packBatches(set, { format: format('bos'), sequences: 1, positions: 'all' }), 1)).rejects.toMatchObject({ kind: 'data', message: expect.stringContaining('must hold tokens') as string });
    }
  });

  it.each([0, 1.5, -1])('of %d sequences are refused', async (sequences) => {
    const set = await openScoreSetRows(await scoreSet(unevenUnits()), OPEN);
    await expect(take(packBatches(set, { format: format('bos'), sequences, positions: 'all' }), 1)).rejects.toThrow('whole number of sequences from 1');
  });
});

describe('batches of packed rows', () => {
  const packed = (bos: Bos, length: number): SequenceFormat => ({ ...format(bos, length), layout: 'packed' });

  it.each(POLICIES)('are the rows as they are, behind their prefix (BOS policy %s)', async (bos) => {
    const prefix = { none: [], bos: [BOS], 'eos-as-bos': [EOS] }[bos];
    const rows = packedRows(7, 10, 3);
    const set = await openScoreSetRows(await scoreSet([rows], { bos, layout: 'packed' }), { ...OPEN, seed: null });
    const length = 9 + prefix.length;
    const batches = await take(packBatches(set, { format: packed(bos, length), sequences: 2, positions: 'all', epochs: 1 }));
    expect(batches.length).toBe(4);
    const sequences = rows.map(({ tokenIds }) => [...prefix, ...tokenIds]);
    expect(batches.flatMap(({ inputIds }) => [...inputIds])).toEqual([...sequences.flatMap((row) => row.slice(0, -1)), ...Array.from({ length }, () => EOS)]);
    expect(batches.flatMap(({ targets }) => [...targets]).slice(0, 7 * length)).toEqual(sequences.flatMap((row) => row.slice(1)));
    const losses = rows.flatMap(({ refLoss }) => [...refLoss].slice(bos === 'none' ? 1 : 0));
    expect(batches.flatMap(({ reference }) => [...reference!]).slice(0, 7 * length)).toEqual(losses);
  });

  it('train on separators with and without a loss, but not on what fills the last row up', async () => {
    const rows = packedRows(3, 10, 4);
    rows[0]!.refLoss[4] = NaN; // a token that was not scored is still one to train on
    for (const losses of [true, false]) {
      const set = await openScoreSetRows(await scoreSet([rows], { layout: 'packed' }), { ...OPEN, losses });
      const batches = await take(packBatches(set, { format: packed('bos', 10), sequences: 1, positions: 'eligible', epochs: 1 }));
      expect(batches.map(({ targetCount }) => targetCount).sort((a, b) => a - b)).toEqual([6, 10, 10]);
    }
  });

  it('come in another order in every epoch, each row once', async () => {
    const rows = packedRows(20, 10, 0);
    const set = await openScoreSetRows(await scoreSet([rows.slice(0, 13), rows.slice(13)], { layout: 'packed' }), OPEN);
    const batches = await take(packBatches(set, { format: packed('bos', 10), sequences: 5, positions: 'all', epochs: 2 }));
    const firsts = batches.flatMap(({ inputIds }) => [0, 1, 2, 3, 4].map((b) => inputIds[b * 10 + 1]!));
    const expected = rows.map(({ tokenIds }) => tokenIds[0]!);
    for (const epoch of [firsts.slice(0, 20), firsts.slice(20)]) expect(epoch.toSorted((a, b) => a - b)).toEqual(expected);
    expect(firsts.slice(0, 20)).not.toEqual(firsts.slice(20));
  });

  it('of another length than the set has are refused by unit and row', async () => {
    const rows = [...packedRows(2, 10, 0), scored('short', Int32Array.of(50, 51, 52), { docStarts: Int32Array.of(0) })];
    const set = await openScoreSetRows(await scoreSet([[], rows], { layout: 'packed' }), { ...OPEN, seed: null });
    await expect(take(packBatches(set, { format: packed('bos', 10), sequences: 1, positions: 'all', epochs: 1 }))).rejects.toMatchObject({
      kind: 'data',
      message: 'row 2 of unit 1 of a packed score set must have 11 tokens, its prefix included, it has 4',
    });
  });
});

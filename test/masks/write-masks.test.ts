import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { describe, expect, it, onTestFinished } from 'vitest';
import { resolveMaskOptions, type MaskFlags } from '../../src/config/mask-settings.js';
import { writeMasks } from '../../src/masks/write-masks.js';
import type { MaskRecord } from '../../src/masks/mask-record.js';
import { createRandom } from '../../src/math/random.js';
import type { ScoredDocument } from '../../src/records.js';
import { randomScores } from '../../src/selection/random-scores.js';
import { selectTokens } from '../../src/selection/select-tokens.js';
import type { SelectionOptions } from '../../src/selection/options.js';
import { scored, scoreSet } from '../training/data/score-sets.js';

/** Losses of few values, so that many are equal, and some that are NaN. */
function drawnDocuments(seed: string, lengths: readonly number[]): ScoredDocument[] {
  const random = createRandom(seed);
  const loss = (): number => (random.chance(0.1) ? NaN : random.below(12) / 4);
  return lengths.map((length, number) =>
    scored(`${number}`, Int32Array.from({ length }, () => 10 + random.below(500)), { refLoss: Float32Array.from({ length }, loss), entropy: Float32Array.from({ length }, () => random.below(9) / 2) }),
  );
}

const LENGTHS = [30, 0, 17, 1, 64, 25, 40, 90];
const units = (seed: string): ScoredDocument[][] => {
  const documents = drawnDocuments(seed, LENGTHS);
  return [documents.slice(0, 3), documents.slice(3, 6), documents.slice(6)];
};

async function outFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'touchstone-masks-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'masks');
}

interface Written {
  readonly record: MaskRecord;
  readonly out: string;
  readonly rows: readonly Record<string, unknown>[];
}

async function masksOf(run: string, flags: MaskFlags): Promise<Written> {
  const out = flags.out ?? (await outFolder());
  const record = await writeMasks(resolveMaskOptions(run, { ...flags, out }));
  const rows = [];
  for (const { path } of record.files) rows.push(...(await parquetReadObjects({ file: await asyncBufferFromFile(join(out, path)), compressors })));
  return { record, out, rows };
}

const maskOf = ({ rows }: Written): number[] => rows.flatMap(({ keep }) => (keep as boolean[]).map(Number));

/** The selection over all documents at once, as src/selection makes it. */
function expected(documents: readonly ScoredDocument[], options: SelectionOptions, columns: { readonly live?: Float32Array; readonly random?: Float32Array } = {}): number[] {
  const offsets = [0];
  for (const { tokenIds } of documents) offsets.push(offsets.at(-1)! + tokenIds.length);
  const joined = (of: (document: ScoredDocument) => Float32Array): Float32Array => Float32Array.from(documents.flatMap((document) => [...of(document)]));
  return [
    ...selectTokens(
      {
        sequenceOffsets: Int32Array.from(offsets),
        step: 0,
        referenceLoss: joined(({ refLoss }) => refLoss),
        entropy: joined(({ entropy }) => entropy!),
        ...(columns.live === undefined ? {} : { liveLoss: columns.live }),
        ...(columns.random === undefined ? {} : { random: columns.random }),
      },
      options,
    ).mask,
  ];
}

describe('a static selection', () => {
  it.each<[MaskFlags, SelectionOptions]>([
    [{}, { score: 'reference' }],
    [{ keepFraction: '0.25' }, { score: 'reference', keepFraction: 0.25 }],
    [{ keepFraction: '1' }, { score: 'reference', keepFraction: 1 }],
    [{ score: 'entropy', keepFraction: '0.5' }, { score: 'entropy', keepFraction: 0.5 }],
    [{ referenceLossCap: '1.5', keepFraction: '0.7' }, { score: 'reference', referenceLossCap: 1.5, keepFraction: 0.7 }],
    [{ threshold: '1.25' }, { score: 'reference', threshold: 1.25 }],
    [{ scope: 'document', keepFraction: '0.5' }, { score: 'reference', scope: 'sequence', keepFraction: 0.5 }],
    [{ scope: 'document', score: 'intersection', keepFraction: '0.4' }, { score: 'intersection', scope: 'sequence', keepFraction: 0.4 }],
  ])('by %j keeps what the same selection of all tokens at once keeps, ties included', async (flags, options) => {
    const written = await masksOf(await scoreSet(units('ties')), flags);
    const mask = expected(units('ties').flat(), options);
    expect(maskOf(written)).toEqual(mask);
    expect(written.record.totals.kept).toBe(mask.reduce((sum, value) => sum + value, 0));
  });

  it('by excess takes the losses of the live set, however its rows are cut into shards and row groups', async () => {
    const documents = units('excess');
    const random = createRandom('live');
    const live = documents.map((unit) => unit.map((document) => ({ ...document, refLoss: document.refLoss.map((loss) => (Number.isNaN(loss) ? NaN : random.below(16) / 4)) })));
    const run = await scoreSet(documents);
    const written = await masksOf(run, { score: 'excess', live: await scoreSet([live.flat()], { rowGroupTokens: 1000 }) });
    expect(maskOf(written)).toEqual(expected(documents.flat(), { score: 'excess' }, { live: Float32Array.from(live.flat().flatMap(({ refLoss }) => [...refLoss])) }));
    expect(written.record.live).toMatch(/^[0-9a-f]{64}$/);
  });

  it('at random draws by seed, unit and place, so that another run of the same corpus draws the same', async () => {
    const documents = units('random');
    const scores = documents.map((unit, number) => {
      const drawn = new Float32Array(unit.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0));
      randomScores(7, number, drawn);
      return [...drawn];
    });
    const written = await masksOf(await scoreSet(documents), { score: 'random', seed: '7' });
    expect(maskOf(written)).toEqual(expected(documents.flat(), { score: 'random' }, { random: Float32Array.from(scores.flat()) }));
  });

  it('refuses a live set of other documents, naming the first that differs', async () => {
    const run = await scoreSet(units('one'));
    const [first, ...rest] = units('one').flat();
    const live = await scoreSet([[first!, ...rest.toReversed()]]);
    await expect(masksOf(run, { score: 'excess', live })).rejects.toThrow(/must be of the same documents: at row 1 of unit 0 expected text [0-9a-f]{64} of 0 tokens, it has text/);
  });
});

describe('a mask file', () => {
  it('has the rows of its shard, with counts and scores of the document', async () => {
    const documents = units('rows');
    const { rows, record } = await masksOf(await scoreSet(documents), { keepFraction: '0.5' });
    expect(rows.map(({ doc_id, source, doc_hash }) => [doc_id, source, doc_hash])).toEqual(documents.flat().map(({ id, source, hash }) => [id, source, hash]));
    const means = documents.flat().map(({ refLoss }) => {
      const losses = [...refLoss].filter((loss) => !Number.isNaN(loss));
      return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
    });
    const known = means.filter((mean) => !Number.isNaN(mean));
    rows.forEach((row, number) => {
      const { refLoss, tokenIds } = documents.flat()[number]!;
      expect(row['n_tokens']).toBe(tokenIds.length);
      expect(row['n_scored']).toBe(refLoss.filter((loss) => !Number.isNaN(loss)).length);
      expect(row['n_kept']).toBe((row['keep'] as boolean[]).filter(Boolean).length);
      if (Number.isNaN(means[number]!)) expect(row['mean_loss']).toBeNaN();
      else expect(row['mean_loss']).toBeCloseTo(means[number]!, 12);
      const below = known.filter((mean) => mean < means[number]!).length;
      expect(row['loss_percentile']).toBe(Number.isNaN(means[number]!) ? NaN : (100 * below) / (known.length - 1));
      expect(row['bits_per_byte']).toBeNaN();
    });
    expect(record.totals).toMatchObject({ documents: LENGTHS.length, tokens: LENGTHS.reduce((a, b) => a + b) });
  });

  it('holds labels where these are asked for: the id of a kept token, -100 of any other', async () => {
    const run = await scoreSet(units('labels'));
    const labels = (await masksOf(run, { format: 'labels' })).rows.flatMap(({ labels }) => labels as number[]);
    const mask = maskOf(await masksOf(run, {}));
    const ids = units('labels').flat().flatMap(({ tokenIds }) => [...tokenIds]);
    expect(labels).toEqual(ids.map((id, i) => (mask[i] === 1 ? id : -100)));
  });

  it('has the same bytes when it is written again, and is never replaced by other masks', async () => {
    const run = await scoreSet(units('again'));
    const { out, record } = await masksOf(run, {});
    const bytes = await readFile(join(out, 'part-00001.parquet'));
    expect((await masksOf(run, { out })).record).toEqual(record);
    await expect(masksOf(run, { out, keepFraction: '0.2' })).rejects.toMatchObject({
      kind: 'mismatch',
      message: `${out} holds a selection by reference, keepFraction 0.6 of the corpus, as mask, this command selects by reference, keepFraction 0.2 of the corpus, as mask`,
      advice: 'Name another --out.',
    });
    await expect(masksOf(await scoreSet(units('others'), { bos: 'none' }), { out })).rejects.toThrow(`${out} holds a selection of another score set, plan `);
    expect(await readFile(join(out, 'part-00001.parquet'))).toEqual(bytes);
  });
});

describe('the folder of masks', () => {
  it('is not a score run, its shards, or a folder of something else', async () => {
    const run = await scoreSet(units('folder'));
    await expect(masksOf(run, { out: run })).rejects.toMatchObject({ kind: 'mismatch', message: `${run} is a score run, expected a folder for masks alone` });
    await expect(masksOf(run, { out: join(run, 'shards') })).rejects.toThrow(`${join(run, 'shards')} lies in the score run ${run}`);
    const out = await outFolder();
    await mkdir(out);
    await writeFile(join(out, 'notes.txt'), 'mine');
    await expect(masksOf(run, { out })).rejects.toThrow(`${out} holds notes.txt, expected an empty folder or a selection`);
    await expect(masksOf(run, { out: join(out, 'notes.txt') })).rejects.toMatchObject({ kind: 'usage', message: `--out must be a folder, ${join(out, 'notes.txt')} is a file or lies in one` });
  });

  it('that was begun by the same selection is finished', async () => {
    const run = await scoreSet(units('begun'));
    const { out, record } = await masksOf(run, {});
    await rm(join(out, 'masks.json'));
    expect((await masksOf(run, { out })).record).toEqual(record);
  });
});

describe('the settings of a static selection', () => {
  it.each<[MaskFlags, string]>([
    [{ out: '' }, '--out must name a folder for the masks, got nothing'],
    [{ score: 'all' }, '--score must be one of reference, entropy, excess, intersection, random, got "all"'],
    [{ keepFraction: '60' }, '--keep-fraction must be a share above 0 and at most 1, got "60"'],
    [{ keepFraction: '0.6', threshold: '1' }, 'takes --keep-fraction or --threshold, got both (0.6 and 1)'],
    [{ live: 'other' }, '--live is read by --score excess alone, got --score reference'],
    [{ seed: '-1' }, '--seed must be a whole number from 0 to 4294967295, got "-1"'],
  ])('%j is refused', (flags, message) => {
    expect(() => resolveMaskOptions('run', { out: 'out', ...flags })).toThrow(message);
  });

  it('excess needs a live set, and intersection a document', async () => {
    const run = await scoreSet(units('needs'));
    await expect(masksOf(run, { score: 'excess' })).rejects.toThrow('--score excess needs the losses of a live model, got no --live');
    await expect(masksOf(run, { score: 'intersection' })).rejects.toThrow('--score intersection compares ranks within a document, got --scope corpus');
  });
});

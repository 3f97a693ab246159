import { TouchstoneError } from '../../errors.js';
import type { Manifest } from '../../run/manifest.js';
import { planHash, readPlan, type Plan } from '../../run/plan.js';
import { openScoreSet, type ColumnValues, type RowGroup } from '../../store/index.js';
import { listRowGroups, withShard, type ListedGroup } from './listed-shards.js';
import { shuffledGroups, shuffledRows } from './shuffle.js';
import { checkTokenIds } from './token-range.js';
import { WINDOW_TOKENS, type RowSource, type RowWindow, type TrainingRow } from './training-rows.js';

export interface ScoreSetRowsOptions {
  /** Rows come in another order in every epoch; null = always in the order of the corpus, for evaluation. */
  readonly seed: string | null;
  /** Whether rows carry the reference loss. Plain training needs none. */
  readonly losses: boolean;
  /** Whether rows carry the entropy; the set must have been scored with it. */
  readonly entropy: boolean;
  /** V of the live model. */
  readonly vocabSize: number;
  /** Default WINDOW_TOKENS. 8 bytes a token are in memory, 12 with the entropy. */
  readonly windowTokens?: number;
  /** Hash every shard when the set is opened, and compare with the manifest; default false. Pages have checksums of their own, checked when they are read. */
  readonly verify?: boolean;
}

/** The rows of a finished score set. */
export interface ScoreSetRows extends RowSource {
  readonly plan: Plan;
  readonly manifest: Manifest;
  /** A row in words, by the id of its document, for a message. */
  nameRow(unit: number, row: number): Promise<string>;
}

type TokenColumns = Pick<ColumnValues, 'token_ids'> & Partial<Pick<ColumnValues, 'ref_loss' | 'entropy'>>;
type ReadGroup = RowGroup<TokenColumns> & { readonly unit: number };

/**
 * Opens a score set for training. Throws what openScoreSet, readPlan and listRowGroups throw: a run that is not finished, a shard that is missing or not
 * as the manifest lists it. Reading throws a data error for a token id that is not below vocabSize.
 */
export async function openScoreSetRows(run: string, options: ScoreSetRowsOptions): Promise<ScoreSetRows> {
  const { seed, losses, entropy, vocabSize, windowTokens = WINDOW_TOKENS, verify = false } = options;
  const { manifest } = await openScoreSet(run);
  const plan = await readPlan(run);
  if (planHash(plan) !== manifest.planHash) {
    throw new TouchstoneError('io', `the manifest of ${run} must be of its plan, ${planHash(plan)}, it is of plan ${manifest.planHash}`, {
      advice: 'plan.json or manifest.json was changed after the run: restore it.',
    });
  }
  const groups = await listRowGroups(run, manifest, verify);
  // Without the losses of a packed row nobody could tell its last separator from its filling.
  const readLosses = losses || plan.windows.layout === 'packed';
  const columns: readonly (keyof TokenColumns)[] = ['token_ids', ...(readLosses ? ['ref_loss' as const] : []), ...(entropy ? ['entropy' as const] : [])];

  const read = ({ shard: entry, index }: ListedGroup): Promise<ReadGroup> =>
    withShard(run, entry, async (shard) => {
      const group: RowGroup<TokenColumns> = await shard.readRowGroup(index, { columns });
      checkTokenIds(group.columns.token_ids, vocabSize, (token) => `${shard.path}, row ${group.firstRow + group.offsets.findLastIndex((offset) => offset <= token)}`);
      return { ...group, unit: entry.unit };
    });

  async function* windows(epoch: number, first: number): AsyncGenerator<RowWindow, void, undefined> {
    const order = shuffledGroups(groups.map(({ tokens }) => tokens), windowTokens, seed, epoch);
    for (let window = first; window < order.length; window++) {
      const members: ReadGroup[] = [];
      for (const group of order[window]!) members.push(await read(groups[group]!));
      yield windowOf(members, (rows) => shuffledRows(rows, seed, epoch, window));
    }
  }

  async function nameRow(unit: number, row: number): Promise<string> {
    const entry = manifest.shards[unit]!;
    const id = await withShard(run, entry, async (shard) => {
      const group = shard.rowGroups.findIndex(({ rows }, index) => row < shard.rowGroups.slice(0, index).reduce((sum, before) => sum + before.rows, rows));
      const { firstRow, columns: { doc_id } } = await shard.readRowGroup(group, { columns: ['doc_id'] });
      return doc_id[row - firstRow]!;
    });
    return `document ${JSON.stringify(id)} (row ${row} of ${entry.path})`;
  }

  return { identity: { source: manifest.planHash, seed, windowTokens }, has: { reference: losses, entropy }, plan, manifest, windows, nameRow };
}

function windowOf(groups: readonly ReadGroup[], shuffle: (rows: number) => Int32Array): RowWindow {
  const firstRows = [0];
  for (const group of groups) firstRows.push(firstRows.at(-1)! + group.rows);
  const rows = firstRows.at(-1)!;
  const order = shuffle(rows);
  return {
    rows,
    tokens: groups.reduce((sum, group) => sum + group.tokens, 0),
    rowAt(place) {
      const row = order[place]!;
      const member = lastNotAbove(firstRows, row);
      return rowOf(groups[member]!, row - firstRows[member]!);
    },
  };
}

/** Index of the last entry of ascending numbers that is not above `value`; the first is not. */
function lastNotAbove(ascending: readonly number[], value: number): number {
  let low = 0;
  let high = ascending.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}

function rowOf({ offsets, columns, unit, firstRow }: ReadGroup, row: number): TrainingRow {
  const [start, end] = [offsets[row]!, offsets[row + 1]!];
  return {
    tokenIds: columns.token_ids.subarray(start, end),
    ...(columns.ref_loss === undefined ? {} : { reference: columns.ref_loss.subarray(start, end) }),
    ...(columns.entropy === undefined ? {} : { entropy: columns.entropy.subarray(start, end) }),
    unit,
    row: firstRow + row,
  };
}

import { TouchstoneError } from '../errors.js';
import { randomScores } from '../selection/random-scores.js';
import type { SelectionTokens } from '../selection/tokens.js';
import { openScoreSet, type ColumnValues, type Row, type ScoreSet, type ScoreSetRowGroup, type SomeColumns } from '../store/index.js';
import type { MaskOptions } from './options.js';

type OptionalColumn = 'doc_id' | 'source' | 'doc_hash' | 'token_ids' | 'entropy' | 'token_bytes' | 'n_tokens' | 'n_scored' | 'loss_sum';
export type MaskColumn = 'ref_loss' | OptionalColumn;
/** A row group with the columns that were asked for. */
export type MaskGroup = ScoreSetRowGroup<Pick<ColumnValues, 'ref_loss'> & Partial<Pick<ColumnValues, OptionalColumn>>>;

/** A row group and its tokens as a selection takes them: every document is a sequence. */
export interface ScoredGroup {
  readonly group: MaskGroup;
  readonly tokens: SelectionTokens;
}

/**
 * The row groups of a score set in order, with the columns that the score of `options` reads, those of `more`, and ref_loss. Reading again gives the same. Memory: one row
 * group of the set, and one of the live set.
 *
 * Throws what reading throws; a mismatch where the live set has other documents, or the same in another order.
 */
export async function* scoredGroups(scoreSet: ScoreSet, { live, score, seed }: MaskOptions, more: readonly MaskColumn[] = []): AsyncGenerator<ScoredGroup, void, undefined> {
  const columns = new Set<MaskColumn>(['ref_loss', ...more]);
  if (score === 'entropy' || score === 'intersection') columns.add('entropy');
  if (score === 'excess') columns.add('doc_hash');
  const liveRows = score === 'excess' && live !== null ? (await openScoreSet(live)).rows({ columns: ['doc_hash', 'ref_loss'] })[Symbol.asyncIterator]() : null;
  let shard = -1;
  let position = 0;
  try {
    for await (const group of scoreSet.rowGroups({ columns: [...columns] }) as AsyncIterable<MaskGroup>) {
      if (group.unit !== shard) [shard, position] = [group.unit, 0];
      const random = score === 'random' ? new Float32Array(group.tokens) : undefined;
      if (random !== undefined) randomScores(seed, group.unit, random, position);
      position += group.tokens;
      yield {
        group,
        tokens: {
          sequenceOffsets: group.offsets,
          step: 0,
          referenceLoss: group.columns.ref_loss,
          ...(group.columns.entropy === undefined ? {} : { entropy: group.columns.entropy }),
          ...(random === undefined ? {} : { random }),
          ...(liveRows === null ? {} : { liveLoss: await liveLosses(group, liveRows, live!) }),
        },
      };
    }
  } finally {
    await liveRows?.return?.();
  }
}

type LiveRow = Row<SomeColumns<'doc_hash' | 'ref_loss'>>;

/** The live losses of a row group's tokens, document by document. */
async function liveLosses(group: MaskGroup, rows: AsyncIterator<LiveRow>, live: string): Promise<Float32Array<ArrayBuffer>> {
  const losses = new Float32Array(group.tokens);
  const hashes = group.columns.doc_hash!;
  for (let row = 0; row < group.rows; row++) {
    const next = await rows.next();
    const [start, end] = [group.offsets[row]!, group.offsets[row + 1]!];
    const found = next.done === true ? undefined : next.value;
    if (found?.doc_hash !== hashes[row] || found?.ref_loss.length !== end - start) {
      const what = found === undefined ? 'the set has ended' : `it has text ${found.doc_hash} of ${found.ref_loss.length} tokens`;
      throw new TouchstoneError('mismatch', `the live losses of ${live} must be of the same documents: at row ${group.firstRow + row} of unit ${group.unit} expected text ${hashes[row]!} of ${end - start} tokens, ${what}`, {
        advice: 'Score the same corpus with the live model, with the same tokenizer and document order.',
      });
    }
    losses.set(found.ref_loss, start);
  }
  return losses;
}

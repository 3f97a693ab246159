import type { SelectionRule } from '../selection/options.js';
import { selectTokens } from '../selection/select-tokens.js';
import type { ColumnValues } from '../store/index.js';
import type { TableWriter } from '../store/tables.js';
import { maskByEdge, type CorpusEdge } from './corpus-edge.js';
import { bitsPerByteOf, meanLossOf, type DocumentRanks } from './document-scores.js';
import type { MaskRow } from './mask-file.js';
import { optionsOf } from './rule.js';
import type { MaskGroup, ScoredGroup } from './score-groups.js';

/** Columns of a score set that a mask file needs; token ids for labels only. */
export const WRITTEN_COLUMNS = ['doc_id', 'source', 'doc_hash', 'n_scored', 'loss_sum'] as const;
type WrittenColumns = Pick<ColumnValues, (typeof WRITTEN_COLUMNS)[number]> & Partial<Pick<ColumnValues, 'token_ids'>>;

const NO_IDS = new Int32Array(0);

/** Masks row groups in the order of the corpus. */
export class Masker {
  candidates = 0;
  readonly #rule: SelectionRule;
  readonly #edge: CorpusEdge | null;
  #tiesLeft: number;

  constructor(rule: SelectionRule, edge: CorpusEdge | null) {
    this.#rule = rule;
    this.#edge = edge;
    this.#tiesLeft = edge?.ties ?? 0;
    this.candidates = edge?.candidates ?? 0;
  }

  mask({ group, tokens }: ScoredGroup): Uint8Array {
    if (this.#edge === null) {
      const { mask, candidates } = selectTokens(tokens, optionsOf(this.#rule));
      this.candidates += candidates;
      return mask;
    }
    const mask = new Uint8Array(group.tokens);
    this.#tiesLeft -= maskByEdge(tokens, this.#rule, this.#edge, this.#tiesLeft, mask);
    return mask;
  }

  /** Returns the number of tokens kept. */
  async write(file: TableWriter<MaskRow>, group: MaskGroup, mask: Uint8Array, ranks: DocumentRanks): Promise<number> {
    const { offsets } = group;
    const { doc_id: ids, source, doc_hash: hashes, token_ids: tokenIds = NO_IDS, n_scored: scored, loss_sum: lossSum } = group.columns as WrittenColumns;
    let all = 0;
    for (let row = 0; row < group.rows; row++) {
      const [start, end] = [offsets[row]!, offsets[row + 1]!];
      const ofRow = mask.subarray(start, end);
      const kept = ofRow.reduce((sum, value) => sum + value, 0);
      const meanLoss = meanLossOf({ columns: { n_scored: scored, loss_sum: lossSum } }, row);
      all += kept;
      await file.append(end - start, () => ({
        id: ids[row]!,
        source: source[row]!,
        hash: hashes[row]!,
        mask: ofRow,
        tokenIds: tokenIds.subarray(start, end),
        scored: scored[row]!,
        kept,
        meanLoss,
        percentile: ranks.percentile(meanLoss),
        bitsPerByte: bitsPerByteOf(group, row),
      }));
    }
    return all;
  }
}

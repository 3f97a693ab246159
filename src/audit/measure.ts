import type { AuditedRun } from './audited-run.js';
import { DocumentPicker, type Picks } from './document-picks.js';
import { shortName } from './document-strips.js';
import { GroupTally, totalOf, type StoredStats } from './group-tally.js';
import { cellOf, type LossCells } from './loss-cells.js';
import { contextRanges, lengthRanges, positionRanges, type Ranges } from './ranges.js';
import { LOSS_EDGES, NEAR_ZERO, OTHER_SOURCES_NAME, type Distribution, type LossStats, type RangeStats, type SourceStats } from './report-data/distribution.js';
import { sourceGroups, type SourceIndex } from './source-index.js';
import { TOKEN_CLASSES, classTable, writeClasses } from './token-classes.js';
import { prefixTokens, writeContexts, writePositions } from './token-places.js';
import type { VocabularyText } from './vocabulary-text.js';

/** Everything one reading of a run's tokens gives. */
export interface Measured {
  readonly distribution: Distribution;
  readonly picks: Picks;
  readonly rows: number;
  /** Cells of all losses, and of each listed source with those of the others behind them: what drift compares. */
  readonly cells: LossCells;
  readonly sourceCells: readonly LossCells[];
  /** Losses that are infinite: not counted as scored. */
  readonly infinite: number;
  /** Sum of the n_scored column; and of the loss_sum column. */
  readonly columnScored: number;
}

const NAMED_COLUMNS = ['doc_id', 'source', 'token_ids', 'ref_loss', 'n_tokens', 'n_scored', 'loss_sum'] as const;

/**
 * Reads the tokens of a run once, row group by row group. Memory: a row group's columns and a few arrays of its size, and the cells of about 150 groups, whatever
 * the size of the run.
 */
export async function measureRun(run: AuditedRun, sources: SourceIndex, vocabulary: VocabularyText | null, seed: string): Promise<Measured> {
  const { plan } = run;
  const stored = storedStats(run);
  const packed = plan.windows.layout === 'packed';
  const uniform = Math.log(plan.model.vocabSize);
  const prefix = prefixTokens(plan);
  const sourceOf = sourceGroups(sources.listed);
  const groups = sources.listed.length + 1;
  const classes = vocabulary === null ? null : classTable(vocabulary, plan.model.vocabSize);
  const contexts = contextRanges(plan.windows.contextLength, plan.windows.stride);
  const positions = positionRanges();
  const lengths = lengthRanges();
  const bySource = new GroupTally(groups, stored);
  const byContext = new GroupTally(contexts.starts.length, stored);
  const byPosition = new GroupTally(positions.starts.length, stored);
  const byLength = new GroupTally(lengths.starts.length, stored);
  const byClass = classes === null ? null : new GroupTally(TOKEN_CLASSES.length, stored);
  const sourceDocuments = new Float64Array(groups);
  const lengthDocuments = new Float64Array(lengths.starts.length);
  const picker = new DocumentPicker(seed);
  let [rows, infinite, columnScored] = [0, 0, 0];

  const names = [...NAMED_COLUMNS, ...(stored.entropy ? ['entropy' as const] : []), ...(stored.top1 ? ['top1' as const] : []), ...(stored.bytes ? ['token_bytes' as const] : []), ...(packed ? ['doc_starts' as const] : [])];
  for await (const group of run.rowGroups(names)) {
    const { offsets, tokens } = group;
    const { token_ids: ids, ref_loss: losses, n_scored: scored, loss_sum: sums } = group.columns;
    const cells = new Int32Array(tokens);
    infinite += writeCells(losses, cells);
    const columns = {
      cells, losses,
      entropies: stored.entropy ? group.columns.entropy : undefined,
      top1: stored.top1 ? group.columns.top1 : undefined,
      bytes: stored.bytes ? group.columns.token_bytes : undefined,
    };
    const place = new Uint16Array(tokens);

    for (let row = 0; row < group.rows; row++) {
      const source = sourceOf(group.columns.source[row]!);
      sourceDocuments[source]!++;
      place.fill(source, offsets[row], offsets[row + 1]);
    }
    bySource.add(columns, place);

    for (let row = 0; row < group.rows; row++) {
      const count = offsets[row + 1]! - offsets[row]!;
      const length = lengths.indexOf(count);
      lengthDocuments[length]!++;
      place.fill(length, offsets[row], offsets[row + 1]);
      columnScored += scored[row]!;
      if (count > 0) picker.add({ unit: group.unit, rowGroup: group.index, rowInGroup: row, row: group.firstRow + row, scored: scored[row]!, meanLoss: sums[row]! / scored[row]! });
    }
    byLength.add(columns, place);
    rows += group.rows;

    writeContexts(offsets, plan, prefix, contexts, place);
    byContext.add(columns, place);
    writePositions(offsets, packed ? { docStarts: group.columns.doc_starts, ids: group.columns.doc_id } : undefined, positions, place);
    byPosition.add(columns, place);
    if (byClass !== null) {
      writeClasses(ids, classes!, place);
      byClass.add(columns, place);
    }
  }

  const total = totalOf(bySource, groups, rows, uniform);
  const others = groups - 1;
  const sourceStats = sources.listed.map(({ source }, group): SourceStats => ({ source: shortName(source), others: false, ...bySource.stats(group, uniform, sourceDocuments[group]) }));
  if (sourceDocuments[others]! > 0) sourceStats.push({ source: OTHER_SOURCES_NAME, others: true, ...bySource.stats(others, uniform, sourceDocuments[others]) });
  return {
    distribution: {
      edges: LOSS_EDGES,
      nearZero: NEAR_ZERO,
      uniform,
      overall: total.stats,
      bySource: sourceStats,
      sources: { count: sources.count, inOthers: sources.count - sources.listed.length },
      byContext: rangeStats(contexts, (range) => byContext.stats(range, uniform)),
      byDocumentPosition: rangeStats(positions, (range) => byPosition.stats(range, uniform)),
      byDocumentLength: rangeStats(lengths, (range) => byLength.stats(range, uniform, lengthDocuments[range])),
      byClass: byClass === null ? null : TOKEN_CLASSES.flatMap((name, group) => (byClass.tokens(group) === 0 ? [] : [{ class: name, ...byClass.stats(group, uniform) }])),
    },
    picks: picker.picks(),
    rows,
    cells: total.cells,
    sourceCells: bySource.cells,
    infinite,
    columnScored,
  };
}

/** What every shard of the run must have beside the losses. */
function storedStats({ plan }: AuditedRun): StoredStats {
  const { entropy, top1, bytes } = plan.output.stats;
  return { entropy, top1, bytes };
}

/** Writes the cell of each loss, -1 for what is not a number; returns how many are infinite, which get -1 as well. */
export function writeCells(losses: Float32Array, cells: Int32Array): number {
  let infinite = 0;
  for (let i = 0; i < losses.length; i++) {
    const loss = losses[i]!;
    const finite = loss - loss === 0;
    cells[i] = finite ? cellOf(loss) : -1;
    if (!finite && !Number.isNaN(loss)) infinite++;
  }
  return infinite;
}

function rangeStats({ starts, end }: Ranges, statsOf: (range: number) => LossStats): RangeStats[] {
  return starts.flatMap((from, range) => {
    const stats = statsOf(range);
    if (stats.tokens === 0 && (stats.documents ?? 0) === 0) return [];
    const next = starts[range + 1] ?? end;
    return [{ from, to: next === null ? null : next - 1, ...stats }];
  });
}


import { openAuditedRun, type AuditedRun } from './audited-run.js';
import { completenessOf } from './completeness.js';
import { distanceBetween, worstLevel, type CountedSide } from './distance.js';
import { compareDocuments } from './document-changes.js';
import { shortName } from './document-strips.js';
import { GroupTally, totalOf } from './group-tally.js';
import { identityChanges, identityOf } from './identity.js';
import { lossStats, newCells } from './loss-cells.js';
import { writeCells, type Measured } from './measure.js';
import { LISTED_SOURCES, OTHER_SOURCES_NAME } from './report-data/distribution.js';
import type { Drift, DriftLimits } from './report-data/drift.js';
import { indexSources, sourceGroups, type SourceIndex } from './source-index.js';

export interface DriftOptions {
  readonly verify: boolean;
  readonly limits: DriftLimits;
}

/** Compares a measured run with an earlier one, whose losses are read here. */
export async function driftSince(folder: string, now: AuditedRun, measured: Measured, sources: SourceIndex, { verify, limits }: DriftOptions): Promise<Drift> {
  const earlier = await openAuditedRun(folder, { verify });
  const before = await indexSources(earlier);
  const gone = before.all().filter(({ source }) => !sources.has(source));
  const added = sources.all().filter(({ source }) => !before.has(source));
  const names = [...sources.listed, ...gone.slice(0, LISTED_SOURCES)].map(({ source }) => source);
  const counted = await countSources(earlier, names);

  const [uniformBefore, uniformNow] = [Math.log(earlier.plan.model.vocabSize), Math.log(now.plan.model.vocabSize)];
  const sideBefore = (group: number): CountedSide => ({ cells: counted.tally.cells[group]!, stats: counted.tally.stats(group, uniformBefore) });
  const sideNow = (group: number): CountedSide => {
    const stats = measured.distribution.bySource[group];
    return stats === undefined ? NOTHING(uniformNow) : { cells: measured.sourceCells[group]!, stats };
  };
  const listed = sources.listed.length;
  const bySource = names.map((source, group) => ({
    source: shortName(source), others: false, ...distanceBetween(sideBefore(group), group < listed ? sideNow(group) : NOTHING(uniformNow), limits),
  }));
  const others = { source: OTHER_SOURCES_NAME, others: true, ...distanceBetween(sideBefore(names.length), sideNow(listed), limits) };
  if (others.earlier.tokens + others.now.tokens > 0) bySource.push(others);

  const overallBefore = totalOf(counted.tally, names.length + 1, counted.rows, uniformBefore);
  const overall = distanceBetween(overallBefore, { cells: measured.cells, stats: measured.distribution.overall }, limits);
  const { documents, paired } = await compareDocuments(earlier, now);
  const { state, tokens, scored, documents: read } = completenessOf(earlier, { ...counted, distribution: { overall: overallBefore.stats } }, null, verify);
  return {
    earlier: identityOf(folder, earlier),
    earlierState: { state, documents: read, tokens, scored },
    changes: identityChanges(earlier.plan, now.plan),
    level: worstLevel([overall.level, ...bySource.map(({ level }) => level)]),
    limits,
    overall,
    bySource,
    newSources: { count: added.length, names: added.slice(0, LISTED_SOURCES).map(({ source }) => shortName(source)) },
    removedSources: { count: gone.length, names: gone.slice(0, LISTED_SOURCES).map(({ source }) => shortName(source)) },
    documents,
    paired: earlier.plan.tokenizer.hash === now.plan.tokenizer.hash ? paired : null,
  };
}

const NOTHING = (uniform: number): CountedSide => {
  const cells = newCells();
  const sums = { documents: null, tokens: 0, scored: 0, sum: 0, squares: 0, min: Infinity, max: -Infinity, entropy: null, top1: null, bytes: null };
  return { cells, stats: lossStats(cells, sums, uniform) };
};

interface CountedRun {
  readonly tally: GroupTally;
  readonly rows: number;
  readonly infinite: number;
  readonly columnScored: number;
}

/** Losses by source, and behind the named ones those of all others: what a comparison needs of the earlier run. */
async function countSources(run: AuditedRun, names: readonly string[]): Promise<CountedRun> {
  const groupOf = sourceGroups(names.map((source) => ({ source })));
  const tally = new GroupTally(names.length + 1, { entropy: false, top1: false, bytes: false });
  let [rows, infinite, columnScored] = [0, 0, 0];
  for await (const { columns, offsets, tokens, rows: groupRows } of run.rowGroups(['source', 'ref_loss', 'n_scored'])) {
    const cells = new Int32Array(tokens);
    const groups = new Uint16Array(tokens);
    infinite += writeCells(columns.ref_loss, cells);
    for (let row = 0; row < groupRows; row++) {
      groups.fill(groupOf(columns.source[row]!), offsets[row], offsets[row + 1]);
      columnScored += columns.n_scored[row]!;
    }
    tally.add({ cells, losses: columns.ref_loss, entropies: undefined, top1: undefined, bytes: undefined }, groups);
    rows += groupRows;
  }
  return { tally, rows, infinite, columnScored };
}

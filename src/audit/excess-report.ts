import { selectTokens } from '../selection/select-tokens.js';
import type { AuditedRun } from './audited-run.js';
import { rowKey, shortName, type ExcessStrip } from './document-strips.js';
import { identityOf } from './identity.js';
import { joinRuns, type JoinedDocument } from './joined-documents.js';
import { OTHER_SOURCES_NAME } from './report-data/distribution.js';
import { EXCESS_EDGES, type ExcessReport } from './report-data/dynamics.js';
import { SelectionTally, type JoinedTokens } from './selection-tally.js';
import { newSignedCells, signedBins, signedCellOf, signedQuantiles } from './signed-cells.js';
import { sourceGroups, type SourceIndex } from './source-index.js';
import { classTable } from './token-classes.js';
import type { VocabularyText } from './vocabulary-text.js';

export interface ExcessOptions {
  readonly sources: SourceIndex;
  readonly vocabulary: VocabularyText | null;
  readonly keepFractions: readonly number[];
  /** Rows (rowKey) whose excess losses are wanted token by token. */
  readonly shown: ReadonlySet<string>;
}

export interface ExcessFindings {
  readonly report: ExcessReport;
  readonly strips: ReadonlyMap<string, ExcessStrip>;
}

/** Joined documents of one row group, token by token. */
interface Batch {
  readonly documents: { readonly key: string; readonly source: number; readonly tokens: number }[];
  readonly ids: Int32Array[];
  readonly reference: Float32Array[];
  readonly live: Float32Array[];
}

/**
 * The excess losses of a live model over the documents both runs have, and what selections keep of them. Tokens compete within a row group of the audited run, by
 * src/selection. Memory: a row group of either run.
 */
export async function measureExcess(audited: AuditedRun, live: AuditedRun, { sources, vocabulary, keepFractions, shown }: ExcessOptions): Promise<ExcessFindings> {
  const join = await joinRuns(audited, [live]);
  const sourceOf = sourceGroups(sources.listed);
  const classes = vocabulary === null ? null : classTable(vocabulary, audited.plan.model.vocabSize);
  const cells = newSignedCells();
  const tallies = keepFractions.map((keepFraction) => new SelectionTally(keepFraction, sources.listed.length + 1));
  const strips = new Map<string, ExcessStrip>();
  let [tokens, sum, positive] = [0, 0, 0];

  const finish = (batch: Batch): void => {
    const joined = concatenated(batch);
    for (let i = 0; i < joined.excess.length; i++) {
      const excess = joined.excess[i]!;
      if (Number.isNaN(excess)) continue;
      tokens++;
      sum += excess;
      if (excess > 0) positive++;
      cells[signedCellOf(excess)]!++;
    }
    for (const [at, keepFraction] of keepFractions.entries()) {
      const { mask } = selectTokens({ sequenceOffsets: joined.offsets, step: 0, liveLoss: joined.live, referenceLoss: joined.reference }, { score: 'excess', keepFraction });
      tallies[at]!.add(joined, mask, classes);
      if (at > 0) continue;
      for (const [number, { key }] of batch.documents.entries()) {
        if (!shown.has(key)) continue;
        const [from, to] = [joined.offsets[number]!, joined.offsets[number + 1]!];
        strips.set(key, { excess: joined.excess.slice(from, to), kept: mask.slice(from, to) });
      }
    }
  };

  let batch: Batch | undefined;
  let place = '';
  for await (const document of join.documents()) {
    const group = `${document.unit}/${document.rowGroup}`;
    if (batch !== undefined && group !== place) {
      finish(batch);
      batch = undefined;
    }
    place = group;
    batch ??= { documents: [], ids: [], reference: [], live: [] };
    append(batch, document, sourceOf(document.source));
  }
  if (batch !== undefined) finish(batch);

  const names = [...sources.listed.map(({ source }) => shortName(source)), OTHER_SOURCES_NAME];
  return {
    strips,
    report: {
      live: identityOf(live.run, live),
      joined: join.counts(),
      tokens,
      mean: tokens === 0 ? null : sum / tokens,
      percentiles: tokens === 0 ? null : percentilesOf(cells, tokens),
      positiveShare: tokens === 0 ? null : positive / tokens,
      edges: EXCESS_EDGES,
      bins: signedBins(cells, EXCESS_EDGES),
      selections: tallies.map((tally) => tally.selection(names, classes !== null)),
    },
  };
}

function percentilesOf(cells: Float64Array, tokens: number): NonNullable<ExcessReport['percentiles']> {
  const [p1, p5, p25, p50, p75, p95, p99] = signedQuantiles(cells, tokens, [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]) as [number, number, number, number, number, number, number];
  return { p1, p5, p25, p50, p75, p95, p99 };
}

/** Copies: the views of a document are gone with the next one's row group. */
function append(batch: Batch, { unit, row, tokenIds, losses: [reference, live] }: JoinedDocument, source: number): void {
  batch.documents.push({ key: rowKey({ unit, row }), source, tokens: tokenIds.length });
  batch.ids.push(tokenIds.slice());
  batch.reference.push(reference!.slice());
  batch.live.push(live!.slice());
}

/** What one of the runs has no finite loss for is not scored in any array. */
function concatenated({ documents, ids, reference, live }: Batch): JoinedTokens {
  const offsets = new Int32Array(documents.length + 1);
  for (const [i, { tokens }] of documents.entries()) offsets[i + 1] = offsets[i]! + tokens;
  const count = offsets[documents.length]!;
  const joined = { offsets, sources: documents.map(({ source }) => source), ids: new Int32Array(count), reference: new Float32Array(count), live: new Float32Array(count), excess: new Float32Array(count) };
  for (const i of documents.keys()) {
    joined.ids.set(ids[i]!, offsets[i]);
    joined.reference.set(reference[i]!, offsets[i]);
    joined.live.set(live[i]!, offsets[i]);
  }
  for (let i = 0; i < count; i++) {
    const excess = joined.live[i]! - joined.reference[i]!;
    joined.excess[i] = excess - excess === 0 ? excess : NaN;
    if (Number.isNaN(joined.excess[i]!)) joined.reference[i] = NaN;
  }
  return joined;
}

import { escaped } from '../../charts/markup.js';
import { worstFirst } from '../distance.js';
import { LEAST_DRIFT_TOKENS } from '../report-data/drift.js';
import type { AuditReport, Drift, DriftLevel, IdentityChange, PairedDeltas } from '../report-data.js';
import { countText, deltaText, indexText, natsText, percentText } from './number-text.js';
import { counted, levelMark, type Section } from './section.js';
import { facts, table, type Column } from './table.js';
import { nameText, plainText, shortHash, withShortHashes } from './visible-text.js';

type SourceDistance = Drift['bySource'][number];

/** How this run's losses differ from an earlier one's; another model or tokenizer first, since it explains the rest. */
export function driftSection({ drift }: AuditReport): Section {
  const section = { id: 'drift', title: 'Drift' };
  if (drift === null) return { ...section, body: '<p>Not compared. <code>--compare &lt;earlier run&gt;</code> says here what changed since then.</p>' };
  const { earlier, earlierState } = drift;
  const state = earlierState.state === 'complete' ? '' : ` ${levelMark('alarm', `The earlier run is ${earlierState.state}`)}`;
  return {
    ...section,
    body: `<p>Against <code>${escaped(plainText(earlier.run))}</code>, plan ${shortHash(earlier.planHash)}, ${counted(earlierState.tokens, 'token')}.${state}</p>
${changes(drift.changes)}
${distances(drift)}
${documentChanges(drift)}
${drift.paired === null ? '<p>Documents are not compared one by one: the tokenizer is another one, and losses of different tokens do not pair.</p>' : paired(drift.paired)}`,
  };
}

function changes(list: readonly IdentityChange[]): string {
  if (list.length === 0) return `<p>${levelMark('ok', 'Same measure')}: model, tokenizer, windows and precision are those of the earlier run.</p>`;
  return table<IdentityChange>({
    caption: 'What was measured differently',
    columns: [
      { head: 'changed', kind: 'text', cell: ({ what, level }) => levelMark(level, what) },
      { head: 'earlier', kind: 'text', cell: ({ earlier }) => `<code>${escaped(plainText(withShortHashes(earlier)))}</code>` },
      { head: 'now', kind: 'text', cell: ({ now }) => `<code>${escaped(plainText(withShortHashes(now)))}</code>` },
      { head: 'key', kind: 'text', cell: ({ key }) => `<code>${escaped(plainText(key))}</code>` },
    ],
    rows: list,
  });
}

const LEVEL_WORDS: Readonly<Record<DriftLevel, string>> = { ok: 'ok', watch: 'watch', alarm: 'alarm', 'too-few': 'too few tokens' };

/** A source that one of the runs does not have cannot have moved. */
function driftMark({ level, earlier, now }: SourceDistance): string {
  if (earlier.tokens === 0 && now.tokens > 0) return levelMark('none', 'new');
  if (now.tokens === 0 && earlier.tokens > 0) return levelMark('none', 'gone');
  return levelMark(level === 'too-few' ? 'none' : level, LEVEL_WORDS[level]);
}

function distances({ overall, bySource, limits, newSources, removedSources }: Drift): string {
  const rows: SourceDistance[] = [{ ...overall, source: 'all sources', others: true }, ...worstFirst(bySource)];
  const columns: Column<SourceDistance>[] = [
    { head: 'source', kind: 'text', cell: ({ source, others }) => (others ? escaped(source) : nameText(source)) },
    { head: 'level', kind: 'text', cell: driftMark },
    { head: 'PSI', hint: 'Population stability index over the fixed bins', kind: 'number', cell: ({ psi, level }) => reached(psi, level, limits.psi, indexText) },
    { head: 'Wasserstein', hint: 'Nats by which losses would have to move on average', kind: 'number', cell: ({ wasserstein, level }) => reached(wasserstein, level, limits.wasserstein, natsText) },
    { head: 'mean earlier', kind: 'number', cell: ({ earlier }) => natsText(earlier.mean) },
    { head: 'mean now', kind: 'number', cell: ({ now }) => natsText(now.mean) },
    { head: 'change', kind: 'number', cell: ({ earlier, now }) => deltaText(difference(earlier.mean, now.mean)) },
    { head: 'p50 change', kind: 'number', cell: ({ earlier, now }) => deltaText(difference(earlier.percentiles?.p50, now.percentiles?.p50)) },
    { head: 'p95 change', kind: 'number', cell: ({ earlier, now }) => deltaText(difference(earlier.percentiles?.p95, now.percentiles?.p95)) },
    { head: 'tokens earlier', kind: 'number', cell: ({ earlier }) => countText(earlier.scored) },
    { head: 'tokens now', kind: 'number', cell: ({ now }) => countText(now.scored) },
  ];
  const named = (what: string, { count, names }: { readonly count: number; readonly names: readonly string[] }): string =>
    count === 0 ? '' : `<p>${what}: ${names.map((name) => `<code>${escaped(plainText(name))}</code>`).join(', ')}${count > names.length ? ` and ${countText(count - names.length)} more` : ''}.</p>`;
  return `${table({ caption: 'Distance of the losses, earlier to now', columns, rows })}
<p class="legend">watch: PSI from ${limits.psi.watch} or Wasserstein from ${limits.wasserstein.watch} nats; alarm: from ${limits.psi.alarm} or ${limits.wasserstein.alarm} nats. Below ${countText(LEAST_DRIFT_TOKENS)} tokens on a side a distance is chance and is not judged. Means and changes in nats.</p>
${named('New sources', newSources)}${named('Sources that are gone', removedSources)}`;
}

/** A distance, set off where it is at a limit: it is what the level comes from. Of too few tokens it is chance, and is not. */
function reached(value: number | null, level: DriftLevel, { watch, alarm }: Drift['limits']['psi'], text: (value: number | null) => string): string {
  return value === null || level === 'too-few' || value < watch ? text(value) : `<strong class="level ${value < alarm ? 'watch' : 'alarm'}">${text(value)}</strong>`;
}

function difference(earlier: number | null | undefined, now: number | null | undefined): number | null {
  return earlier === null || earlier === undefined || now === null || now === undefined ? null : now - earlier;
}

function documentChanges({ documents }: Drift): string {
  return `<h3>Documents</h3>${facts([
    ['Unchanged', countText(documents.unchanged)],
    ['Changed text', countText(documents.changed)],
    ['New', countText(documents.new)],
    ['Removed', countText(documents.removed)],
  ])}`;
}

function paired({ documents, identical, mean, sd, meanAbsolute, percentiles, largest }: PairedDeltas): string {
  if (documents === 0) return '<p>No unchanged document has a loss in both runs.</p>';
  const numbers = facts([
    ['Unchanged documents with a loss', countText(documents)],
    ['Same to the last bit', `${countText(identical)} (${percentText(identical / documents)})`],
    ['Mean change', `${deltaText(mean)} nats, sd ${natsText(sd)}`],
    ['Mean absolute change', `${natsText(meanAbsolute)} nats`],
    ...(percentiles === null ? [] : [['p1, p5, p50, p95, p99', `${[percentiles.p1, percentiles.p5, percentiles.p50, percentiles.p95, percentiles.p99].map(deltaText).join(', ')} nats`] as const]),
  ]);
  const moved = largest.filter(({ earlier, now }) => earlier !== now);
  const list =
    moved.length === 0
      ? ''
      : table<PairedDeltas['largest'][number]>({
          caption: 'Unchanged documents whose loss moved most',
          columns: [
            { head: 'document', kind: 'text', cell: ({ id }) => nameText(id) },
            { head: 'source', kind: 'text', cell: ({ source }) => nameText(source) },
            { head: 'tokens', kind: 'number', cell: ({ tokens }) => countText(tokens) },
            { head: 'mean earlier', kind: 'number', cell: ({ earlier }) => natsText(earlier) },
            { head: 'mean now', kind: 'number', cell: ({ now }) => natsText(now) },
            { head: 'change', kind: 'number', cell: ({ earlier, now }) => deltaText(now - earlier) },
          ],
          rows: moved,
        });
  return `<h3>The same text, scored twice</h3>${numbers}${list}`;
}

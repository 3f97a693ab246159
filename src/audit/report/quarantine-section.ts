import { escaped } from '../../charts/markup.js';
import type { AuditReport, QuarantineReason } from '../report-data.js';
import { countText } from './number-text.js';
import { counted, levelMark, type Section } from './section.js';
import { table } from './table.js';
import { nameText, plainText } from './visible-text.js';

type Example = QuarantineReason['examples'][number] & { readonly reason: string };

/** Documents that were read and not scored: why, and where to find them. */
export function quarantineSection({ quarantine }: AuditReport): Section {
  const section = { id: 'quarantine', title: 'Documents left out' };
  const { quarantined, skipped, reasons, files, filesInAll } = quarantine;
  if (quarantined + skipped === 0) return { ...section, body: `<p>${levelMark('ok', 'None')}: every document that was read was scored.</p>` };
  const examples: Example[] = reasons.flatMap(({ reason, examples: list }) => list.map((example) => ({ ...example, reason })));
  const listed = files.reduce((sum, { count }) => sum + count, 0);
  return {
    ...section,
    body: `<p>${counted(quarantined, 'document')} quarantined, because something is wrong with ${quarantined === 1 ? 'it' : 'them'}; ${countText(skipped)} skipped, because there is nothing to score.</p>
${table<QuarantineReason>({
  caption: 'Reasons',
  columns: [
    { head: 'reason', kind: 'text', cell: ({ reason }) => `<code>${escaped(reason)}</code>` },
    { head: 'what became of them', kind: 'text', cell: ({ kind }) => kind },
    { head: 'documents', kind: 'number', cell: ({ count }) => countText(count) },
    { head: 'shown below', kind: 'number', cell: (row) => countText(row.examples.length) },
  ],
  rows: reasons,
})}
<h3>The first of each reason</h3>
${table<Example>({
  caption: 'Documents left out, by reason',
  columns: [
    { head: 'reason', kind: 'text', cell: ({ reason }) => `<code>${escaped(reason)}</code>` },
    { head: 'file', kind: 'text', cell: ({ file }) => nameText(file) },
    { head: 'at', kind: 'number', cell: ({ position, positionKind }) => `${positionKind} ${countText(position)}` },
    { head: 'id', kind: 'text', cell: ({ id }) => (id === null ? '–' : nameText(id)) },
    { head: 'what is wrong', kind: 'text', cell: ({ detail }) => escaped(plainText(detail)) },
  ],
  rows: examples,
})}
<h3>Files</h3>
${table<(typeof files)[number]>({
  caption: 'Input files with the most documents left out',
  columns: [
    { head: 'file', kind: 'text', cell: ({ file }) => nameText(file) },
    { head: 'documents left out', kind: 'number', cell: ({ count }) => countText(count) },
  ],
  rows: files,
})}
${filesInAll > files.length ? `<p class="legend">${countText(filesInAll - files.length)} more files have the other ${countText(quarantined + skipped - listed)}.</p>` : ''}`,
  };
}

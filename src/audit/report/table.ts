import { escaped } from '../../charts/markup.js';

export interface Column<Row> {
  readonly head: string;
  /** What the column holds, where its head does not say it all; the browser shows it beside the pointer. */
  readonly hint?: string;
  /** Drawn below the head. */
  readonly markup?: string;
  /** Numbers stand at the right, so that their digits are below each other. */
  readonly kind: 'text' | 'number' | 'chart';
  /** Markup of a cell. */
  readonly cell: (row: Row) => string;
}

export interface Table<Row> {
  /** Names the table for those who cannot see where it stands. */
  readonly caption: string;
  /** The first heads its row. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Class of a row, for sums and the like. */
  readonly rowClass?: (row: Row) => string | undefined;
}

/** A table in a box of its own, which scrolls where the page is narrower than the table. */
export function table<Row>({ caption, columns, rows, rowClass }: Table<Row>): string {
  const heads = columns.map(({ head, hint, markup = '', kind }) => `<th scope="col"${classOf(kind)}${hint === undefined ? '' : ` title="${escaped(hint)}"`}>${escaped(head)}${markup}</th>`);
  const lines = rows.map((row) => {
    const name = rowClass?.(row);
    const cells = columns.map(({ kind, cell }, at) => (at === 0 ? `<th scope="row"${classOf(kind)}>${cell(row)}</th>` : `<td${classOf(kind)}>${cell(row)}</td>`));
    return `<tr${name === undefined ? '' : ` class="${name}"`}>${cells.join('')}</tr>`;
  });
  return `<div class="scroll" role="region" tabindex="0" aria-label="${escaped(caption)}"><table><caption>${escaped(caption)}</caption>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody></table></div>`;
}

function classOf(kind: Column<never>['kind']): string {
  return kind === 'text' ? '' : ` class="${kind}"`;
}

/** Pairs of a name and its value; values are markup. */
export function facts(entries: readonly (readonly [string, string])[]): string {
  return `<dl class="facts">${entries.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${value}</dd></div>`).join('')}</dl>`;
}

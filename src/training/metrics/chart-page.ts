import { hasValues, lineChart, type Chart } from '../../charts/line-chart.js';
import { escaped } from '../../charts/markup.js';
import { selfContainedPage } from '../../charts/page.js';

export interface ChartPage {
  readonly title: string;
  /** Numbers above the charts: what, and how much. */
  readonly figures: readonly (readonly [string, string])[];
  /** Those without a single value are named below the others instead. */
  readonly charts: readonly Chart[];
  /** Below the charts. */
  readonly tables?: readonly PageTable[];
  /** How the charts are to be read. */
  readonly note: string;
}

export interface PageTable {
  readonly title: string;
  /** The first row is the header, the first cell of a row names it. */
  readonly rows: readonly (readonly string[])[];
}

const STYLE = `
:root { color-scheme: light dark; --page: #ffffff; --card: #f7f8fa; --text: #1b1f24; --muted: #57606a; --grid: #dfe3e8; --axis: #8c959f;
  --s0: #0b62b8; --s1: #c2410c; --s2: #15803d; --s3: #7e22ce; --s4: #8a6100; --s5: #0e7490; }
@media (prefers-color-scheme: dark) { :root { --page: #0f1216; --card: #171b21; --text: #e6e8eb; --muted: #9aa4b1; --grid: #2b323b; --axis: #6b7683;
  --s0: #6cb2ff; --s1: #ff9a5c; --s2: #5fd18a; --s3: #c99bff; --s4: #e6c14f; --s5: #5fd0e0; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 24px 20px 40px; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
h1 { margin: 0 0 14px; font-size: 22px; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 15px; }
dl { display: flex; flex-wrap: wrap; gap: 8px 30px; margin: 0 0 22px; }
dt { color: var(--muted); font-size: 13px; }
dd { margin: 0; font-size: 17px; font-variant-numeric: tabular-nums; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 16px; }
figure { margin: 0; padding: 14px 14px 8px; background: var(--card); border-radius: 8px; min-width: 0; }
svg { display: block; width: 100%; height: auto; }
text { fill: var(--muted); font: 12px system-ui, sans-serif; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 4px 0 8px; padding: 0; list-style: none; font-size: 13px; overflow-wrap: anywhere; }
.legend b { font-variant-numeric: tabular-nums; }
.swatch { display: inline-block; width: 28px; height: 8px; margin-right: 6px; vertical-align: middle; }
.grid { stroke: var(--grid); }
.zero, .tick { stroke: var(--axis); }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; stroke-linecap: round; }
.band { stroke: none; opacity: 0.22; }
.mark { stroke: none; }
.curve.s0 { stroke: var(--s0); } .band.s0, .mark.s0 { fill: var(--s0); }
.curve.s1 { stroke: var(--s1); stroke-dasharray: 7 4; } .band.s1, .mark.s1 { fill: var(--s1); }
.curve.s2 { stroke: var(--s2); stroke-dasharray: 2 4; } .band.s2, .mark.s2 { fill: var(--s2); }
.curve.s3 { stroke: var(--s3); stroke-dasharray: 10 3 2 3; } .band.s3, .mark.s3 { fill: var(--s3); }
.curve.s4 { stroke: var(--s4); stroke-dasharray: 4 3; } .band.s4, .mark.s4 { fill: var(--s4); }
.curve.s5 { stroke: var(--s5); stroke-dasharray: 12 5; } .band.s5, .mark.s5 { fill: var(--s5); }
section { margin-top: 18px; overflow-x: auto; }
table { border-collapse: collapse; margin-top: 6px; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 18px 5px 0; text-align: left; border-bottom: 1px solid var(--grid); }
th { font-weight: 600; }
footer { margin-top: 18px; color: var(--muted); font-size: 13px; }
@media print { figure { break-inside: avoid; } }
`;

/** A whole HTML document in one file, without a script. The same input gives the same bytes. */
export function chartPage({ title, figures, charts, tables = [], note }: ChartPage): string {
  const absent = charts.filter((chart) => !hasValues(chart)).map((chart) => chart.title);
  const notes = absent.length === 0 ? note : `${note} Without values in this run, and left out: ${absent.join(', ')}.`;
  const body = `<h1>${escaped(title)}</h1>
<dl>
${figures.map(([what, value]) => `<div><dt>${escaped(what)}</dt><dd>${escaped(value)}</dd></div>`).join('\n')}
</dl>
<main>
${charts.filter(hasValues).map(lineChart).join('\n')}
</main>
${tables.map((table) => `${tableText(table)}\n`).join('')}<footer>${escaped(notes)}</footer>`;
  return selfContainedPage({ title, style: STYLE, body });
}

function tableText({ title, rows: [header, ...body] }: PageTable): string {
  const head = header!.map((cell) => `<th scope="col">${escaped(cell)}</th>`).join('');
  const lines = body.map(([name, ...cells]) => `<tr><th scope="row">${escaped(name!)}</th>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`);
  return `<section><h2>${escaped(title)}</h2><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${lines.join('\n')}\n</tbody></table></section>`;
}

import { EXCESS_SCALE, heatRules, LOSS_SCALE } from './heat-scale.js';

const THEMES = `
:root { color-scheme: light dark;
  --page: #ffffff; --raised: #f6f7f8; --text: #16191d; --muted: #57606a; --line: #dcdfe3; --axis: #8a929b; --link: #0a56a8; --focus: #0a56a8;
  --bar: #7c8da1; --bar-end: #b4bfca; --mark: #16191d; --outline: #b02a1a; --band: #cfd6de; --step: #1d4f8c; --hatch: #d5d9de;
  --ok: #13692f; --watch: #855400; --alarm: #b3151a; --watch-page: #fff6e0; --alarm-page: #fdeceb; }
@media (prefers-color-scheme: dark) { :root {
  --page: #111418; --raised: #191d22; --text: #e7e9ec; --muted: #a0a9b4; --line: #2c323a; --axis: #68727d; --link: #7db7f5; --focus: #7db7f5;
  --bar: #70859c; --bar-end: #475565; --mark: #e7e9ec; --outline: #ff8d7a; --band: #303a46; --step: #8dbdf2; --hatch: #343b44;
  --ok: #5cc881; --watch: #e5b04a; --alarm: #ff8a85; --watch-page: #2a220f; --alarm-page: #341616; } }
`;

const LAYOUT = `
* { box-sizing: border-box; }
html { scroll-padding-top: 16px; }
body { margin: 0 auto; max-width: 1160px; padding: 28px clamp(14px, 4vw, 40px) 80px; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums; }
main { min-width: 0; }
header .kind { margin: 0; color: var(--muted); font-size: 13px; }
h1 { margin: 0 0 14px; font-size: 26px; line-height: 1.25; font-weight: 600; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { margin: 0 0 14px; font-size: 20px; line-height: 1.3; font-weight: 600; letter-spacing: -0.005em; }
h3 { margin: 30px 0 6px; font-size: 15px; font-weight: 600; }
section { margin-top: 40px; padding-top: 20px; border-top: 1px solid var(--line); }
p { margin: 0 0 10px; max-width: 78ch; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; }
code, .tokens, .context { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: 0.9em; }
code { overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.legend { color: var(--muted); font-size: 13px; max-width: 110ch; }
nav ul { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0 0 20px; padding: 0; list-style: none; font-size: 13.5px; }
nav a { color: var(--muted); text-decoration: none; }
nav a:hover { color: var(--link); text-decoration: underline; }
@media (min-width: 1440px) {
  body { max-width: 1380px; display: grid; grid-template-columns: 190px minmax(0, 1fr); column-gap: 40px; align-items: start; }
  header, main { grid-column: 2; }
  nav { grid-column: 1; grid-row: 2; position: sticky; top: 24px; }
  nav ul { flex-direction: column; gap: 6px; }
}
`;

const VERDICTS = `
.level { font-weight: 600; white-space: nowrap; }
.level.ok { color: var(--ok); } .level.watch { color: var(--watch); } .level.alarm { color: var(--alarm); } .level.none { color: var(--text); }
.banner { margin: 0 0 18px; padding: 12px 16px; border: 1px solid; border-left-width: 6px; border-radius: 4px; }
.banner.alarm { background: var(--alarm-page); border-color: var(--alarm); } .banner.watch { background: var(--watch-page); border-color: var(--watch); }
.banner p { margin: 0; max-width: none; font-weight: 600; } .banner ul { margin: 6px 0 0; padding: 0; list-style: none; overflow-wrap: anywhere; }
@media (min-width: 560px) { .verdicts { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (min-width: 960px) { .verdicts { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
.verdicts { display: grid; margin: 0; padding: 0; list-style: none; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; gap: 1px; background: var(--line); }
.verdicts li { padding: 12px 16px 14px; background: var(--page); min-width: 0; overflow-wrap: anywhere; }
.verdicts a { color: var(--muted); font-size: 13px; text-decoration: none; } .verdicts a:hover { text-decoration: underline; }
.verdicts p { margin: 0; font-size: 13.5px; color: var(--muted); }
.verdicts .answer { margin: 2px 0 3px; font-size: 19px; line-height: 1.3; } .verdicts .level { white-space: normal; }
.equation { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 10px; margin: 0 0 16px; max-width: none; color: var(--muted); }
.equation .term { white-space: nowrap; } .equation b { color: var(--text); font-size: 20px; font-weight: 600; } .equation .sign { font-size: 18px; }
.equation .level { margin-left: 8px; }
`;

const TABLES = `
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr)); gap: 10px 28px; margin: 0 0 16px; }
.facts dt { color: var(--muted); font-size: 13px; } .facts dd { margin: 0; overflow-wrap: anywhere; }
.glossary { display: grid; grid-template-columns: minmax(9em, 14em) minmax(0, 1fr); gap: 6px 20px; margin: 0; } .glossary dt { font-weight: 600; } .glossary dd { margin: 0; max-width: 78ch; }
@media (max-width: 560px) { .facts { grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); } .glossary { display: block; } .glossary dd { margin-bottom: 8px; } }
.notes { margin: 0; padding-left: 18px; overflow-wrap: anywhere; } .checkpoints { padding-left: 22px; }
/* A shadow stands at the side where a table goes on: the upper two layers scroll with the table and cover it at its ends. */
.scroll { overflow-x: auto; margin: 0 0 12px; background:
  linear-gradient(to right, var(--page) 12px, transparent) left / 28px 100% no-repeat local, linear-gradient(to left, var(--page) 12px, transparent) right / 28px 100% no-repeat local,
  linear-gradient(to right, var(--axis), transparent) left / 7px 100% no-repeat scroll, linear-gradient(to left, var(--axis), transparent) right / 7px 100% no-repeat scroll; }
table { width: max-content; border-collapse: collapse; font-size: 13.5px; line-height: 1.4; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { padding: 4px 16px 4px 0; text-align: left; vertical-align: baseline; }
th:last-child, td:last-child { padding-right: 4px; }
thead th { color: var(--muted); font-weight: 500; font-size: 12.5px; vertical-align: bottom; border-bottom: 1px solid var(--axis); }
tbody th { font-weight: 500; } tbody th, tbody td { border-bottom: 1px solid var(--line); max-width: 34em; overflow-wrap: anywhere; }
th.number, td.number { text-align: right; white-space: nowrap; } .chart { width: 160px; min-width: 160px; vertical-align: middle; } th.chart { font-size: 11.5px; }
tr.sum th, tr.sum td { border-top: 1px solid var(--axis); color: var(--muted); }
code.long { display: inline-block; min-width: 16em; white-space: normal; }
details { margin: 0 0 8px; } summary { cursor: pointer; } details:not(.document) > summary { color: var(--link); font-size: 13.5px; margin-bottom: 6px; }
`;

const CHARTS = `
svg { display: block; } svg text { fill: var(--muted); font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", Arial, sans-serif; font-variant-numeric: tabular-nums; }
.wide { width: 100%; min-width: 680px; height: auto; } .narrow { display: none; width: 100%; height: auto; }
@media (max-width: 760px) { .wide { display: none; } .narrow { display: block; } }
.grid { stroke: var(--line); } .axis, .tick { stroke: var(--axis); } .frame { fill: none; stroke: var(--axis); stroke-width: 0.75; }
.bar { fill: var(--bar); } .bar.end { fill: var(--bar-end); } .hit { fill: transparent; } .hit:hover { fill: var(--text); fill-opacity: 0.07; }
.outline { fill: none; stroke: var(--outline); stroke-width: 1.6; stroke-dasharray: 5 3; } .whole { fill: none; stroke: var(--text); stroke-width: 1.1; }
line.mark { stroke: var(--mark); stroke-width: 1.2; } svg text.mark { fill: var(--text); }
.key { display: inline-block; width: 28px; height: 8px; vertical-align: middle; }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 250px), 1fr)); gap: 18px 24px; margin: 8px 0 14px; }
.multiples.three { grid-template-columns: repeat(auto-fit, minmax(min(100%, 310px), 1fr)); }
figure { margin: 0; min-width: 0; } .multiples svg { width: 100%; height: auto; }
.multiples figcaption { font-size: 13px; line-height: 1.35; overflow-wrap: anywhere; } .multiples figcaption span { display: block; color: var(--muted); }
.multiples strong { font-weight: 600; }
.band { fill: var(--band); } .step { fill: none; stroke: var(--step); stroke-width: 2; }
.strip { width: 160px; height: auto; } .strip .thin { stroke: var(--axis); stroke-width: 1.5; } .strip .thick { stroke: var(--bar); stroke-width: 6; } .strip .dot { fill: var(--text); } .strip .mean { stroke: var(--outline); stroke-width: 2; }
`;

const HATCHED = 'background: repeating-linear-gradient(135deg, var(--hatch) 0 2px, transparent 2px 6px);';

const TOKENS = `
.how { display: grid; gap: 12px; margin-bottom: 6px; } .how .legend { margin: 0; } .scales { display: flex; flex-wrap: wrap; gap: 8px 40px; }
.scale { width: min(100%, 400px); } .scale svg { width: 100%; height: auto; } .scale figcaption { color: var(--muted); font-size: 12.5px; }
.marks { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 0; padding: 0; list-style: none; font-size: 13px; color: var(--muted); }
.marks span { white-space: pre; font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; color: var(--text); }
.toggle { display: flex; gap: 16px; margin: 0; padding: 0; border: 0; font-size: 13.5px; } .toggle legend { float: left; margin-right: 16px; padding: 0; color: var(--muted); }
.document { margin: 0; border-bottom: 1px solid var(--line); }
.document > summary { display: grid; grid-template-columns: 0.8em 1.6em 4.4em 11em 9em 8em minmax(0, 1fr); gap: 0 12px; align-items: baseline; padding: 6px 0; font-size: 13.5px; list-style: none; }
.document > summary::-webkit-details-marker { display: none; }
.document > summary::before { content: "▸"; color: var(--muted); } .document[open] > summary::before { content: "▾"; }
.document > summary > * { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.rank { color: var(--muted); text-align: right; } .rank::after { content: "."; } summary .loss { font-weight: 600; text-align: right; }
.document .source, .size { color: var(--muted); } .excerpt { color: var(--muted); font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: 12.5px; }
.document[open] > summary .excerpt { visibility: hidden; }
.document > summary:hover { background: var(--raised); }
@media (max-width: 760px) { .document > summary { grid-template-columns: 0.8em 1.6em 4.4em minmax(0, 1fr) auto; } .document .source, .excerpt { display: none; } }
.status:empty::before { content: "Point at a token for its exact loss, or press Tab and then the arrow keys."; content: "Point at a token for its exact loss, or press Tab and then the arrow keys." / ""; }
.status { min-height: 1.5em; margin: 2px 0 4px; max-width: none; font-size: 13px; color: var(--muted); overflow-wrap: anywhere; } .status strong { color: var(--text); }
@media (scripting: none) { .status, .needs-script { display: none; } }
.tokens { padding: 10px 12px; border: 1px solid var(--line); border-radius: 4px; font-size: 13.5px; line-height: 1.75; white-space: pre-wrap; overflow-wrap: anywhere; overflow: clip; tab-size: 4; }
.tokens span, .marks li > span, .context span { padding: 2px 0; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.tokens span { border-right: 1px solid var(--page); }
.tokens span:focus, .tokens span:hover { outline: 2px solid var(--focus); outline-offset: 1px; position: relative; z-index: 1; }
.tokens i, .marks i, .context i { font-style: normal; background: radial-gradient(circle, currentColor 0.8px, transparent 1.3px) 0 60% / 1ch 1em repeat-x; }
.tokens i.tab, .marks i.tab, .context i.tab { background: none; position: relative; } i.tab::before { content: "→"; content: "→" / ""; position: absolute; left: 0; }
.tokens i.lf, .marks i.lf, .context i.lf { background: none; } i.lf::before { content: "↵"; content: "↵" / ""; }
.tokens b, .marks b, .context b, th b, td b { font-weight: 400; font-size: 0.72em; padding: 0 2px; margin: 0 1px; border: 1px solid currentColor; border-radius: 2px; white-space: nowrap; }
.context { white-space: pre-wrap; }
.un { ${HATCHED} }
.sp { box-shadow: inset 0 0 0 1.5px currentColor; border-radius: 3px; } .pt { text-decoration: underline dotted; } .kp { box-shadow: 0 2px 0 var(--page), 0 4px 0 var(--text); }
.ct::after { content: "… cut"; font-size: 0.75em; }
.st::before { content: attr(data-b); content: attr(data-b) / ""; margin: 0 3px 0 2px; padding: 1px 5px; border-left: 3px solid var(--step); background: var(--raised); color: var(--text); font-size: 0.75em; }
.cut, .origin { margin: 4px 0 10px; font-size: 12.5px; color: var(--muted); overflow-wrap: anywhere; max-width: none; }
.tip { position: fixed; z-index: 2; margin: 0; padding: 2px 7px; border-radius: 3px; background: var(--text); color: var(--page); font-size: 12.5px; pointer-events: none; white-space: nowrap; }
@media (scripting: none) { .tokens span[data-l]:hover::after { content: " " attr(data-l) " nats"; background: var(--text); color: var(--page); } }
`;

const PRINT = `
@media print {
  :root { --page: #ffffff; --raised: #f6f7f8; --text: #000000; --muted: #444b52; --line: #c9cdd2; }
  body { display: block; max-width: none; padding: 0; font-size: 10pt; } nav, .toggle, .needs-script, .status, .tip { display: none; }
  .scroll { overflow: visible; background: none; } .wide { display: block; min-width: 0; } .narrow { display: none; } table, thead th { font-size: 8pt; } th, td { padding-right: 8px; }
  h2, h3, summary { break-after: avoid; } figure, tr, .verdicts { break-inside: avoid; }
  .tokens span, .scale rect, .bar, svg rect, .banner { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  details:not(.document, [open]) { display: none; }
  .document::details-content { content-visibility: visible; block-size: auto; }
}
`;

/** Classes of both scales stand on a token: which of them colours it is what the reader chose. */
function heat(theme: 'light' | 'dark'): string {
  return `${heatRules(LOSS_SCALE, theme)}\nbody:not(:has(#by-loss:checked)) { ${heatRules(EXCESS_SCALE, theme)} .ux { ${HATCHED} color: var(--text); } }\n.scale.excess, .strip-excess { ${heatRules(EXCESS_SCALE, theme)} }`;
}

export const PAGE_STYLE = `${THEMES}${LAYOUT}${VERDICTS}${TABLES}${CHARTS}
${heat('light')}
@media (prefers-color-scheme: dark) { ${heat('dark')} }
${TOKENS}${PRINT}`;

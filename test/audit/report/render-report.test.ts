import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import type { AuditReport } from '../../../src/audit/report-data.js';
import { renderReport } from '../../../src/audit/report/render-report.js';
import { hostileReport, largestReport } from './extreme-reports.js';
import { outlineOf } from './markup-outline.js';
import { sampleDrift, sampleDynamics, sampleExcess, sampleIdentity, sampleReport } from './sample-report.js';

const FULL: Partial<AuditReport> = { drift: sampleDrift(), excess: sampleExcess(), dynamics: sampleDynamics(), notes: ['One note.'] };
const EVERY_PAGE: readonly (readonly [string, string])[] = [
  ['of one run', renderReport(sampleReport())],
  ['of everything an audit can find', renderReport(sampleReport(FULL))],
  ['of hostile text', renderReport(hostileReport())],
];
const sha256 = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
const headings = (html: string): string[] => [...html.matchAll(/<h2[^>]*>(.*?)<\/h2>/g)].map((match) => match[1]!);
const part = (html: string, id: string): string => html.slice(html.indexOf(`<section id="${id}"`)).split('</section>')[0]!;

describe('the page of an audit', () => {
  it('goes from what decides to what explains', () => {
    expect(headings(renderReport(sampleReport(FULL)))).toEqual([
      'Run', 'Thresholds', 'Drift', 'Distribution of losses', 'Documents, token by token', 'Token dynamics', 'Excess loss', 'Documents left out', 'Glossary', 'Provenance',
    ]);
    expect(headings(renderReport(sampleReport()))).not.toContain('Excess loss');
  });

  it.each(EVERY_PAGE)('%s is markup that nests, with every address once and no address that leads nowhere', (_, html) => {
    const { elements } = outlineOf(html);
    expect(elements.length).toBeGreaterThan(1000);
    const ids = elements.flatMap(({ attributes }) => attributes.get('id') ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const targets = elements.flatMap(({ attributes }) => [attributes.get('href')?.slice(1) ?? [], attributes.get('aria-labelledby') ?? []].flat());
    expect(targets.filter((target) => !ids.includes(target))).toEqual([]);
  });

  it.each(EVERY_PAGE)('%s runs its own script and style sheet by their hashes and nothing else, and fetches nothing', (_, html) => {
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
    const script = /<script>([\s\S]*?)<\/script>/.exec(html)![1]!;
    expect(html).toContain(`content="default-src 'none'; style-src '${sha256(style)}'; script-src '${sha256(script)}'; base-uri 'none'; form-action 'none'"`);
    const { elements } = outlineOf(html);
    expect(elements.filter(({ name }) => name === 'script' || name === 'style').length).toBe(2);
    const named = (pattern: RegExp): string[] => elements.flatMap(({ attributes }) => [...attributes.keys()].filter((name) => pattern.test(name)));
    expect(named(/^(on.*|style|src|srcset|action|poster|data)$/)).toEqual([]);
    expect(elements.filter(({ name }) => /^(link|img|iframe|object|embed|base|form|image|use|video|audio|template)$/.test(name))).toEqual([]);
    expect(elements.flatMap(({ attributes }) => attributes.get('href') ?? []).filter((href) => !href.startsWith('#'))).toEqual([]);
    expect(style).not.toMatch(/url\(|@import|expression/);
  });

  it('names every device that computed losses, with its units, and its libraries under provenance', () => {
    const cuda = { kind: 'cuda', driver: '580.65.06', libraries: { 'libcublas.so.13': '13.1.0.3', 'libcudnn.so.9': null } } as const;
    const devices = [{ ...cuda, name: 'A100 <b>', units: 1 }, { ...cuda, name: 'H100', units: 2 }];
    const html = renderReport(sampleReport({ identity: sampleIdentity({ devices }) }));
    expect(part(html, 'run')).toContain('<dt>Devices</dt><dd>A100 &lt;b&gt; (driver 580.65.06), 1 unit; H100 (driver 580.65.06), 2 units');
    expect(part(html, 'provenance')).toContain('H100 (driver 580.65.06), libcublas.so.13 13.1.0.3, libcudnn.so.9 of unknown version, units 2');
    expect(part(renderReport(sampleReport()), 'run')).toContain('<dt>Device</dt><dd>CPU</dd>');
  });

  it('says of a damaged run what was read of what its records say', () => {
    const { completeness } = sampleReport();
    const html = renderReport(sampleReport({ completeness: { ...completeness, state: 'damaged', problems: [{ level: 'alarm', message: 'a page' }], rows: 4000, tokens: 900, scored: 890, recorded: { rows: 5000, tokens: 1000, scored: 990 } } }));
    for (const text of ['<dd>4,000 read of 5,000 recorded</dd>', '<dd>900 read of 1,000 recorded, of them 890 read of 990 recorded with a loss</dd>', 'by the records of the units']) expect(part(html, 'run')).toContain(text);
    expect(part(renderReport(sampleReport()), 'run')).not.toContain('recorded');
  });

  it('has no share above 100 % on its axis, also where every loss is in one bin', () => {
    const { distribution } = sampleReport();
    const bins = distribution.overall.bins.map((_, at) => (at === 15 ? 1000 : 0));
    const html = renderReport(sampleReport({ distribution: { ...distribution, overall: { ...distribution.overall, bins } } }));
    const labels = [...part(html, 'distribution').split('<svg class="wide"')[1]!.matchAll(/text-anchor="end">(\d+)(?: %)?<\/text>/g)].map((match) => Number(match[1]));
    expect(labels.length).toBeGreaterThan(2);
    expect(Math.max(...labels)).toBeLessThanOrEqual(100);
  });

  it('has the same bytes for the same report', () => {
    expect(renderReport(structuredClone(sampleReport(FULL)))).toBe(renderReport(sampleReport(FULL)));
  });

  it('never writes NaN, Infinity, undefined or null for a number that is missing', () => {
    for (const [, html] of EVERY_PAGE) expect(html.replace(/<script>[\s\S]*<\/script>/, '')).not.toMatch(/\b(NaN|Infinity|undefined|null|\[object)\b/);
  });

  it('of a run that scored nothing says so', () => {
    const { distribution, documents } = sampleReport();
    const nothing = { ...distribution.overall, scored: 0, tokens: 0, mean: null, perplexity: null, percentiles: null, sd: null, min: null, max: null, nearZeroShare: null, aboveUniformShare: null, bins: distribution.overall.bins.map(() => 0) };
    const html = renderReport(sampleReport({ distribution: { ...distribution, overall: nothing, bySource: [], byContext: [], byDocumentPosition: [], byDocumentLength: [], byClass: null }, documents: { ...documents, noisiest: [], quietest: [], random: [] } }));
    expect(part(html, 'distribution')).toContain('No token has a loss.');
    expect(outlineOf(html).elements.length).toBeGreaterThan(100);
  });
});

describe('a run that is not whole', () => {
  const { completeness } = sampleReport();

  it('has a banner above everything, with each fault', () => {
    const html = renderReport(sampleReport({
      completeness: { ...completeness, state: 'damaged', problems: [{ level: 'alarm', message: 'shards/part-00001.parquet: sha256 differs from the commit record' }] },
    }));
    expect(html.indexOf('class="banner alarm"')).toBeGreaterThan(0);
    expect(html.indexOf('class="banner alarm"')).toBeLessThan(html.indexOf('class="verdicts"'));
    expect(html).toContain('shards/part-00001.parquet: sha256 differs from the commit record');
    expect(html).toContain('<title>DAMAGED: audit of runs/nightly</title>');
  });

  it('that is unfinished names the units it lacks', () => {
    const html = renderReport(sampleReport({ completeness: { ...completeness, state: 'unfinished', problems: [{ level: 'alarm', message: 'no manifest' }], units: { planned: 30, committed: 5, audited: 5, missing: [5, 6, 7] } } }));
    expect(part(html, 'run')).toContain('5 of 30 committed, 5 read whole; missing 5, 6, 7 and more');
    expect(html).toContain('This run is not finished');
  });

  it('shows that the accounts do not add up', () => {
    const html = renderReport(sampleReport({ completeness: { ...completeness, balanced: false, documents: { read: 9, scored: 5, quarantined: 1, skipped: 1 } } }));
    expect(part(html, 'run')).toMatch(/<b>9<\/b> documents read.*≠.*<b>5<\/b> scored.*does not add up/);
  });

  it('that is whole has no banner', () => {
    expect(renderReport(sampleReport())).not.toContain('class="banner');
  });
});

describe('text of a corpus in the report', () => {
  it('that closes scripts, opens tags or writes attributes stays text', () => {
    const { elements } = outlineOf(renderReport(hostileReport()));
    expect(elements.filter(({ name, attributes }) => name === 'img' || attributes.has('onerror') || attributes.has('onmouseover'))).toEqual([]);
  });

  it('cannot turn the page around: no bidirectional control, NUL or lone surrogate of it is left', () => {
    const html = renderReport(hostileReport());
    expect(html.isWellFormed()).toBe(true);
    // eslint-disable-next-line no-control-regex -- these must not be there
    expect(html).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
    expect(html).toContain('<b>RLO</b>');
    expect(html).toContain('<b>NUL</b>');
  });

  it('makes no report larger than 5 MB, whatever it is', () => {
    const html = renderReport(largestReport());
    expect(Buffer.byteLength(html)).toBeLessThan(5_000_000);
    expect(html).toMatch(/more tokens of 512 are not shown/);
  });
});

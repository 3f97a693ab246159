import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { curvesHtml } from '../../../src/training/metrics/curves-html.js';
import { beforeTraining, type StepMetrics } from '../../../src/training/metrics/step-metrics.js';
import { stepRecord, stepRecords } from './sample-steps.js';

const page = (records: readonly StepMetrics[], title = 'A run'): string => curvesHtml({ title, records });
/** The figure with this title. */
const figure = (html: string, title: string): string => html.split('<figure>').find((part) => part.includes(`<h2>${title}</h2>`)) ?? '';
const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

const SELECTIVE = [
  beforeTraining([{ name: 'gsm8k-test', loss: 7.5 }]),
  ...stepRecords(1, 9),
  stepRecord(10, { evaluations: [{ name: 'gsm8k-test', loss: 3.25 }, { name: 'web', loss: 4 }] }),
];

describe('the page of curves', () => {
  it('shows each measure in a chart with title, unit, axis and the last value', () => {
    const html = page(SELECTIVE);
    const titles = [...html.matchAll(/<h2>(.*?)<\/h2>/g)].map((match) => match[1]);
    expect(titles).toEqual(['Training loss', 'Evaluation loss', 'Kept share', 'Mean excess loss', 'Learning rate', 'Gradient norm']);
    expect(count(html, />step<\/text>/g)).toBe(6);
    expect(figure(html, 'Training loss')).toMatch(/nats per token<\/text>/);
    expect(figure(html, 'Training loss')).toMatch(/tokens trained on <b>2\.364<\/b>.*all tokens <b>2\.864<\/b>/);
    expect(figure(html, 'Kept share')).toMatch(/kept, % <b>50<\/b>/);
    expect(figure(html, 'Mean excess loss')).toMatch(/kept <b>0\.4000<\/b>.*dropped <b>-0\.2000<\/b>/);
    expect(html).toContain('<dt>Tokens trained on</dt><dd>2,560 (50.0 %)</dd>');
    expect(html).toContain('<dt>Lowest loss on gsm8k-test</dt><dd>3.250 at step 10</dd>');
  });

  it('marks every evaluation, by name, from the untrained model on', () => {
    const chart = figure(page(SELECTIVE), 'Evaluation loss');
    expect([...chart.matchAll(/<title>(.*?)<\/title>/g)].map((match) => match[1])).toEqual(['gsm8k-test at 0: 7.500', 'gsm8k-test at 10: 3.250', 'web at 10: 4']);
    // Step 0 stands at the left end of the axis and step 10 at the right, above the lower loss.
    const [first, last] = [...chart.matchAll(/<circle class="mark s0" cx="([\d.]+)" cy="([\d.]+)"/g)].map((match) => [Number(match[1]), Number(match[2])] as const);
    expect([first![0], last![0]]).toEqual([58, 546]);
    expect(first![1]).toBeLessThan(last![1]);
  });

  it('draws a value where the ticks say it is', () => {
    const chart = figure(page(stepRecords(1, 10)), 'Kept share');
    const ticks = new Map([...chart.matchAll(/<text x="50" y="([\d.]+)" dy="4" text-anchor="end">(\d+)</g)].map((match) => [match[2], Number(match[1])]));
    const path = /<path class="curve s0" d="M([\d.]+),([\d.]+)L/.exec(chart.slice(chart.indexOf('viewBox="0 0 560')));
    expect(Number(path![2])).toBeCloseTo((ticks.get('40')! + ticks.get('60')!) / 2, 1);
  });

  it('names the measures a run does not have instead of drawing them', () => {
    const causal = stepRecords(1, 5).map((record) => ({ ...record, lossAll: record.loss, keptShare: 1, meanExcessKept: NaN, meanExcessDropped: NaN }));
    const html = page(causal);
    expect(html).toContain('Without values in this run, and left out: Evaluation loss, Mean excess loss.');
    expect(figure(html, 'Mean excess loss')).toBe('');
    expect(count(figure(html, 'Training loss'), /<li>/g)).toBe(1);
    expect(page([])).toContain('<dt>Steps</dt><dd>0</dd>');
  });

  it('of a single step shows its values as dots', () => {
    expect(count(figure(page([stepRecord(1)]), 'Training loss'), /<circle/g)).toBe(2);
  });

  it('never writes NaN, whatever was measured', () => {
    const records = stepRecords(1, 6).map((record, at) => (at === 2 ? { ...record, loss: NaN, gradientNorm: Infinity, keptShare: -Infinity } : record));
    const html = page(records);
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
    // The curve has a gap there.
    expect(count(figure(html, 'Gradient norm'), /class="curve s0" d="M[^"]+L/g)).toBe(2);
  });

  it('survives text that looks like markup', () => {
    const name = '</script><img src=x onerror=alert(1)>"\'&\u0000\ud800';
    const html = page([stepRecord(1, { evaluations: [{ name, loss: 2 }] })], `</title><script>alert(1)</script>`);
    expect(html).toContain('<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;</title>');
    expect(html).toContain('&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;\ufffd\ufffd');
    expect(html).not.toMatch(/<script|<img/);
    expect(html).not.toContain('\u0000');
  });

  it('fetches nothing and runs nothing, and its policy allows no more than its own style sheet', () => {
    const html = page(SELECTIVE);
    const style = /<style>([\s\S]*?)<\/style>/.exec(html)![1]!;
    const hash = createHash('sha256').update(style).digest('base64');
    expect(html).toContain(`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">`);
    expect(html).not.toMatch(/https?:|url\(|@import|<script|<link|\sstyle=|\son\w+=/);
    expect(style).toContain('prefers-color-scheme: dark');
  });

  it('has the same bytes for the same records', () => {
    expect(page(SELECTIVE)).toBe(page(structuredClone(SELECTIVE)));
  });

  it('stays small for a long run', () => {
    const records = stepRecords(1, 50_000);
    const html = page(records);
    expect(html.length).toBeLessThan(200_000);
    expect(figure(html, 'Training loss')).toContain('class="band s0"');
  });
});

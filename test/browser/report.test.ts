import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { renderReport } from '../../src/audit/report/render-report.js';
import { HOSTILE, hostileReport } from '../audit/report/extreme-reports.js';
import { sampledDocument, strip, words } from '../audit/report/sample-document.js';
import { sampleDrift, sampleDynamics, sampleExcess, sampleReport } from '../audit/report/sample-report.js';
import { announceMissingBrowser, CHROMIUM, launchBrowser, openPage } from './browser.js';

announceMissingBrowser('The audit report');

const PIECES = ['<s>', ...words('A tank holds 76 liters of water. A pump adds 10 liters a minute for 24 minutes. '.repeat(6))];
const LOSSES = PIECES.map((_, at) => (at === 0 ? null : Number((0.05 * at).toFixed(4))));
const FIRST = sampledDocument('first', strip(PIECES, { losses: LOSSES, special: [0], windowStarts: [40] }));
const { documents } = sampleReport();
const REPORT = sampleReport({ documents: { ...documents, noisiest: [FIRST, ...documents.noisiest] }, drift: sampleDrift(), excess: sampleExcess(), dynamics: sampleDynamics() });
const HTML = renderReport(REPORT);

/** The first document's tokens, and what is said about one of them. */
const tokens = (page: Page): ReturnType<Page['locator']> => page.locator('.tokens').first().locator('span[data-i]');
const status = (page: Page): Promise<string> => page.locator('.status').first().innerText();
const tip = (page: Page): ReturnType<Page['locator']> => page.locator('.tip');

/** Runs in the page: which token of the first document has the focus, as what, and how many stops of the Tab key the document has. */
const FOCUSED = `(() => {
  const list = Array.from(document.querySelector('.tokens').querySelectorAll('span[data-i]'));
  const active = list.find((token) => token.matches(':focus'));
  return { index: list.indexOf(active), role: active?.getAttribute('role') ?? null, selected: active?.getAttribute('aria-selected') ?? null, stops: list.filter((token) => token.tabIndex === 0).length };
})()`;

describe.skipIf(CHROMIUM === undefined)('the report in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('draws its charts: bars stand on the axis and are as high as their shares', async () => {
    await using open = await openPage(browser, HTML);
    const bars = await open.page.evaluate<{ readonly bottom: number; readonly height: number }[]>("Array.from(document.querySelectorAll('#distribution svg.wide rect.bar'), (bar) => bar.getBoundingClientRect().toJSON())");
    expect(bars.length).toBeGreaterThan(20);
    const [first] = bars;
    expect(bars.every(({ bottom }) => Math.abs(bottom - first!.bottom) < 1)).toBe(true);
    const { bins } = REPORT.distribution.overall;
    const { edges } = REPORT.distribution;
    const densities = bins.map((count, at) => count / Math.log2((edges[at] ?? 64) / (edges[at - 1] ?? 2 ** -10))).filter((density) => density > 0);
    const scale = Math.max(...bars.map(({ height }) => height)) / Math.max(...densities);
    expect(bars.length).toBe(densities.length);
    for (const [at, { height }] of bars.entries()) expect(Math.abs(height - densities[at]! * scale)).toBeLessThan(1);
    for (const chart of await open.page.locator('figure svg, svg.wide').all()) expect((await chart.boundingBox())?.height ?? 0).toBeGreaterThan(10);
  });

  it('shows the exact loss of the token under the pointer, beside it and in words', async () => {
    await using open = await openPage(browser, HTML);
    const token = tokens(open.page).nth(7);
    await token.hover();
    expect(await status(open.page)).toBe(`token 7 · “${PIECES[7]!}” · id 107 · loss 0.3500 nats · probability 70.5 % · entropy ${FIRST.text.entropies![7]!.toFixed(4)} nats`);
    expect(await tip(open.page).innerText()).toBe('0.3500 nats');
    const [box, at] = [(await token.boundingBox())!, (await tip(open.page).boundingBox())!];
    expect(Math.abs(at.x - box.x)).toBeLessThan(60);
    expect(Math.abs(at.y - box.y - box.height)).toBeLessThan(12);
    await open.page.mouse.move(2, 2);
    expect(await tip(open.page).isHidden()).toBe(true);
    expect(open.complaints).toEqual([]);
  });

  it('is walked through by keyboard: one stop for a document, arrow keys inside it', async () => {
    await using open = await openPage(browser, HTML);
    const { page } = open;
    await page.locator('summary').filter({ hasText: 'first' }).first().focus();
    await page.keyboard.press('Tab');
    const focused = (): Promise<{ readonly index: number; readonly role: string | null; readonly selected: string | null; readonly stops: number }> => page.evaluate(FOCUSED);
    expect(await focused()).toEqual({ index: 0, role: 'option', selected: 'true', stops: 1 });
    expect(await status(page)).toContain('not scored · special token');
    for (let press = 0; press < 3; press++) await page.keyboard.press('ArrowRight');
    expect(await focused()).toMatchObject({ index: 3, selected: 'true', stops: 1 });
    expect(await status(page)).toContain('loss 0.1500 nats · probability 86.1 %');
    await page.keyboard.press('ArrowLeft');
    expect(await focused()).toMatchObject({ index: 2 });
    const top = async (index: number): Promise<number> => (await tokens(page).nth(index).boundingBox())!.y;
    const above = await top(2);
    await page.keyboard.press('ArrowDown');
    const { index } = await focused();
    expect(index).toBeGreaterThan(10);
    expect(await top(index)).toBeGreaterThan(above);
    await page.keyboard.press('ArrowUp');
    expect(await focused()).toMatchObject({ index: 2 });
    await page.keyboard.press('End');
    expect(await focused()).toMatchObject({ index: PIECES.length - 1 });
    await page.keyboard.press('Escape');
    expect(await tip(page).isHidden()).toBe(true);
    await page.keyboard.press('Home');
    expect(await focused()).toMatchObject({ index: 0 });
    await page.keyboard.press('Tab');
    expect(await focused()).toMatchObject({ index: -1, stops: 1 });
    expect(open.complaints).toEqual([]);
  });

  it('colours by excess loss where there is one, or by loss, as the reader chooses', async () => {
    const excess = PIECES.map((_, at) => (at === 0 ? null : at % 2 === 0 ? -5 : 5));
    const compared = { ...FIRST, text: { ...FIRST.text, excess, kept: excess.map((value): 0 | 1 => (value !== null && value > 0 ? 1 : 0)) } };
    await using open = await openPage(browser, renderReport({ ...REPORT, documents: { ...REPORT.documents, noisiest: [compared] } }));
    const { page } = open;
    const colours = (): Promise<string[]> => page.evaluate("Array.from(document.querySelectorAll('.tokens span[data-i]')).slice(1, 3).map((token) => getComputedStyle(token).backgroundColor)");
    const [odd, even] = await colours();
    expect(odd).not.toBe(even);
    await tokens(page).nth(3).hover();
    expect(await tip(page).innerText()).toBe('+5.0000 nats');
    expect(await status(page)).toMatch(/loss 0\.1500 nats .* excess \+5\.0000 nats, kept/);
    await page.locator('#by-loss').check();
    const [low, alsoLow] = await colours();
    expect(low).toBe(alsoLow);
    expect(low).not.toBe(odd);
  });

  it('without scripts has every table, chart, colour and document, and still the loss under the pointer', async () => {
    await using open = await openPage(browser, HTML, { javaScriptEnabled: false });
    const { page } = open;
    for (const caption of ['Conditions of --fail-on', 'Distance of the losses, earlier to now', 'Percentiles of the losses', 'Losses by source', 'Documents left out, by reason']) {
      const table = page.getByRole('table', { name: caption });
      expect(await table.isVisible(), caption).toBe(true);
      expect((await table.innerText()).length, caption).toBeGreaterThan(40);
    }
    expect(await page.getByText('1 of 2 failed').isVisible()).toBe(true);
    expect(await page.locator('.status').first().isVisible()).toBe(false);
    await tokens(page).nth(7).hover();
    expect(open.complaints).toEqual([]);
    expect(await page.locator('.tip').isVisible()).toBe(false);
  });

  it.each([360, 768, 1600])('at %i pixels scrolls tables in their boxes and never the page', async (width) => {
    await using open = await openPage(browser, HTML, { viewport: { width, height: 800 } });
    expect(await open.page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });

  it('at 390 pixels shows its histograms whole, drawn for a phone, and on paper those drawn for a page', async () => {
    await using open = await openPage(browser, HTML, { viewport: { width: 390, height: 844 } });
    const { page } = open;
    for (const chart of ['#distribution', '#excess']) {
      const box = (await page.locator(`${chart} svg.narrow`).boundingBox())!;
      expect([box.x >= 0, box.x + box.width <= 390, box.width > 320]).toEqual([true, true, true]);
      expect(await page.locator(`${chart} svg.wide`).isVisible()).toBe(false);
    }
    await page.emulateMedia({ media: 'print' });
    expect([await page.locator('#distribution svg.wide').isVisible(), await page.locator('#distribution svg.narrow').isVisible()]).toEqual([true, false]);
  });

  it('prints with every document unfolded and nothing that only a screen needs', async () => {
    await using open = await openPage(browser, HTML);
    const { page } = open;
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('nav').isVisible()).toBe(false);
    const folded = page.locator('details:not([open]) .tokens').first();
    expect((await folded.boundingBox())?.height ?? 0).toBeGreaterThan(20);
    expect(await page.getByText('The histogram as a table').isVisible()).toBe(false);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    expect(pdf.length).toBeGreaterThan(50_000);
  });

  it('of hostile text shows it as text: nothing runs, nothing is fetched, nothing turns around', async () => {
    await using open = await openPage(browser, renderReport(hostileReport()));
    const { page } = open;
    const shown = await page.locator('.tokens').first().innerText();
    expect(shown).toContain(HOSTILE[0]);
    expect(shown).toContain(HOSTILE[1]);
    expect(shown).toContain('RLOevilPDFLRIRLI');
    await page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true");
    for (const token of await tokens(page).all()) await token.hover();
    expect(open.complaints).toEqual([]);
    expect(open.requests).toEqual([]);
  });

  it('asks for nothing but itself and says nothing on the console', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await using open = await openPage(browser, HTML, { colorScheme });
      await open.page.locator('nav a').last().click();
      await open.page.waitForLoadState('networkidle');
      expect([open.requests, open.complaints]).toEqual([[], []]);
    }
  });
});

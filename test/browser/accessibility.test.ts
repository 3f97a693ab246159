import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { renderReport } from '../../src/audit/report/render-report.js';
import { sampleDrift, sampleDynamics, sampleExcess, sampleReport } from '../audit/report/sample-report.js';
import { announceMissingBrowser, CHROMIUM, launchBrowser, openPage } from './browser.js';

announceMissingBrowser('Accessibility of the audit report');

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const { completeness } = sampleReport();
const HTML = renderReport(sampleReport({
  drift: sampleDrift(),
  excess: sampleExcess(),
  dynamics: sampleDynamics(),
  completeness: { ...completeness, state: 'damaged', problemCount: 2, problems: [{ level: 'alarm', message: 'a hash differs' }, { level: 'watch', message: 'an id repeats' }] },
}));

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

describe.skipIf(CHROMIUM === undefined)('accessibility of the report', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it.each(['light', 'dark'] as const)('has no serious fault that axe finds, on %s pages, with every part unfolded', async (colorScheme) => {
    await using open = await openPage(browser, HTML, { colorScheme });
    const { page } = open;
    // Evaluated by the debugger, which the page's own policy does not bind.
    await page.evaluate(AXE);
    await page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true");
    const found = await page.evaluate<{ readonly violations: readonly Finding[]; readonly passes: readonly unknown[] }>("axe.run(document, { resultTypes: ['violations'] })");
    expect(found.passes.length).toBeGreaterThan(20);
    const grave = found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(grave.map(({ id, nodes }) => `${id}: ${nodes[0]!.html} ${nodes[0]!.failureSummary ?? ''}`)).toEqual([]);
  });
});

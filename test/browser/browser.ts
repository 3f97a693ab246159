import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const CANDIDATES = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser these tests drive; undefined where none is installed. */
export const CHROMIUM = CANDIDATES.find((path) => path !== undefined && existsSync(path));

/** Says on stderr that tests of a browser are left out, so that nobody takes silence for success. */
export function announceMissingBrowser(what: string): void {
  if (CHROMIUM === undefined) process.stderr.write(`SKIPPED: ${what} was not looked at in a browser: no Chromium found. Install Debian's chromium, or name one in CHROMIUM.\n`);
}

export function launchBrowser(): Promise<Browser> {
  const quiet = ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  // The sandbox needs rights that a container's root user does not have; the pages are ours.
  return chromium.launch({ executablePath: CHROMIUM!, args: [...quiet, '--no-sandbox'] });
}

/** A page that was opened by its file, and all it did that a report must not do. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  /** Addresses asked for besides the file itself. */
  readonly requests: readonly string[];
  /** Console messages, exceptions, dialogs. */
  readonly complaints: readonly string[];
}

/** Opens HTML as somebody does who double-clicks its file. */
export async function openPage(browser: Browser, html: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-report-'));
  const address = pathToFileURL(join(folder, 'report.html')).href;
  writeFileSync(join(folder, 'report.html'), html);
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (request.url() !== address) requests.push(request.url());
  });
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(address);
  return {
    page,
    requests,
    complaints,
    async [Symbol.asyncDispose](): Promise<void> {
      await context.close();
      rmSync(folder, { recursive: true });
    },
  };
}

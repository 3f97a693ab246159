import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { selfContainedPage } from '../../src/charts/page.js';

const sha256 = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;
const policyOf = (html: string): string => /Content-Security-Policy" content="([^"]*)"/.exec(html)![1]!;

describe('a self-contained page', () => {
  it('allows its own style sheet and script by their hashes, and nothing else', () => {
    const html = selfContainedPage({ title: 'a < b', style: 'p { margin: 0 }', script: "document.title = 'é';", body: '<p>text</p>' });
    expect(policyOf(html)).toBe(
      `default-src 'none'; style-src '${sha256('p { margin: 0 }')}'; script-src '${sha256("document.title = 'é';")}'; base-uri 'none'; form-action 'none'`,
    );
    expect(html).toContain("<p>text</p>\n<script>document.title = 'é';</script>\n</body>");
    expect(html).toContain('<title>a &lt; b</title>');
  });

  it('without a script lets none run', () => {
    const html = selfContainedPage({ title: 't', style: '', body: '' });
    expect(policyOf(html)).not.toContain('script-src');
    expect(html).not.toContain('<script');
  });
});

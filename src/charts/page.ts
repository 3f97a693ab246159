import { createHash } from 'node:crypto';

import { escaped } from './markup.js';

export interface Page {
  readonly title: string;
  /** The whole style sheet; it cannot hold a closing style tag. */
  readonly style: string;
  /** One script, run where it stands: at the end of the body. Absent: nothing may run. */
  readonly script?: string;
  /** Markup: what corpora and users wrote in it went through `escaped`. */
  readonly body: string;
}

/**
 * An HTML document in one file that fetches nothing: its policy allows this very style sheet and this very script, by their sha256, and nothing else;
 * neither style attributes nor event handlers in the markup. The same input gives the same bytes.
 */
export function selfContainedPage({ title, style, script, body }: Page): string {
  const policy = ["default-src 'none'", `style-src '${sourceHash(style)}'`, ...(script === undefined ? [] : [`script-src '${sourceHash(script)}'`]), "base-uri 'none'", "form-action 'none'"];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy.join('; ')}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
${body}${script === undefined ? '' : `\n<script>${script}</script>`}
</body>
</html>
`;
}

function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

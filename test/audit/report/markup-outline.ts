/** What a page's markup consists of, by a reader strict enough to notice what a browser would silently repair. */
export interface Outline {
  readonly elements: readonly { readonly name: string; readonly attributes: ReadonlyMap<string, string> }[];
}

const VOID = new Set(['meta', 'input', 'br']);

/** Throws where tags do not nest, an attribute is not quoted or stands twice, or a "<" or "&" of text is bare. */
export function outlineOf(html: string): Outline {
  const elements: { name: string; attributes: ReadonlyMap<string, string> }[] = [];
  const open: string[] = [];
  const tag = /<(\/?)([a-z][a-z0-9]*)((?: [a-z0-9-]+(?:="[^"<]*")?)*)( ?\/)?>/giy;
  let at = html.startsWith('<!doctype html>\n') ? 16 : 0;
  while (at < html.length) {
    const next = html.indexOf('<', at);
    checkText(html.slice(at, next < 0 ? html.length : next));
    if (next < 0) break;
    tag.lastIndex = next;
    const match = tag.exec(html);
    if (match === null) throw new Error(`no tag at ${next}: ${html.slice(next, next + 120)}`);
    const [whole, closing, name, written, selfClosing] = match as unknown as [string, string, string, string, string | undefined];
    at = next + whole.length;
    if (closing === '/') {
      const expected = open.pop();
      if (expected !== name) throw new Error(`</${name}> closes <${expected ?? 'nothing'}> at ${next}`);
      continue;
    }
    elements.push({ name, attributes: attributesOf(written, next) });
    if (selfClosing !== undefined || VOID.has(name)) continue;
    if (name === 'style' || name === 'script') at = html.indexOf(`</${name}>`, at) + name.length + 3;
    else open.push(name);
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(' ')}`);
  return { elements };
}

function attributesOf(written: string, at: number): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name, value = ''] of written.matchAll(/ ([a-z0-9-]+)(?:="([^"]*)")?/gi)) {
    if (attributes.has(name!)) throw new Error(`${name!} stands twice at ${at}`);
    checkText(value);
    attributes.set(name!, value);
  }
  return attributes;
}

function checkText(text: string): void {
  const bare = /&(?!(?:amp|lt|gt|quot|#39);)/.exec(text);
  if (bare !== null) throw new Error(`a bare & in ${JSON.stringify(text.slice(0, 80))}`);
}

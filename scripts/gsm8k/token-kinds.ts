import type { NoiseSpan } from './crawl.js';
import type { TextDocument } from './problems.js';

/** What each token of a document is: the kind of the noise it touches, else the document's source. `tokenBytes`: UTF-8 bytes each token covers. */
export function kindsOfTokens({ text, source }: TextDocument, spans: readonly NoiseSpan[], tokenBytes: ArrayLike<number>): string[] {
  const bytes = (characters: number): number => Buffer.byteLength(text.slice(0, characters));
  const ranges = spans.map(({ start, end, kind }) => ({ start: bytes(start), end: bytes(end), kind }));
  let from = 0;
  return Array.from(tokenBytes, (covered) => {
    const to = from + covered;
    const noise = ranges.find(({ start, end }) => from < end && to > start);
    from = to;
    // The line feeds between the lines of a noise document.
    return noise?.kind ?? (source === 'noise' ? spans[0]!.kind : source);
  });
}

import { createRandom, type Random } from '../../src/math/random.js';
import type { NoiseKind as DemoNoiseKind } from '../demo/noise.js';
import { noiseDocument, plantNoise } from '../demo/planting.js';
import { drawBoilerplate } from './boilerplate.js';
import type { TextDocument } from './problems.js';

export type NoiseKind = DemoNoiseKind | 'boilerplate';

/** Noise in a text, in UTF-16 code units: `text.slice(start, end)`. */
export interface NoiseSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: NoiseKind;
}

/** A document of the crawl and where in it noise stands, ascending and apart. */
export interface CrawledDocument extends TextDocument {
  readonly spans: readonly NoiseSpan[];
}

/** Share of problems with noise between their words, share of problems on a page with boilerplate, and documents of noise alone for each problem. */
const SHARES = { planted: 0.4, page: 0.3, noiseDocuments: 0.25 } as const;

const PLANTED_KINDS: readonly DemoNoiseKind[] = ['log-line', 'serial-number', 'hex-digest', 'base64', 'shuffled-words', 'markup'];
const WHOLE_KINDS: readonly NoiseKind[] = [...PLANTED_KINDS, 'boilerplate'];

/**
 * What a crawler might bring: the problems, some of them on pages with boilerplate or with noise between their words, documents that are nothing but
 * noise, and passages of other subjects, in random order. The same input and seed give the same crawl.
 */
export function drawCrawl(seed: string, problems: readonly TextDocument[], others: readonly TextDocument[]): CrawledDocument[] {
  const noise = Array.from({ length: Math.round(problems.length * SHARES.noiseDocuments) }, (_, at) => drawNoiseDocument(createRandom(`${seed}/noise/${at}`), `noise-${String(at).padStart(5, '0')}`, problems));
  const crawled = problems.map((problem) => soil(createRandom(`${seed}/${problem.id}`), problem, problems));
  return createRandom(`${seed}/order`).shuffled([...crawled, ...noise, ...others.map((document) => ({ ...document, spans: [] }))]);
}

function soil(random: Random, problem: TextDocument, problems: readonly TextDocument[]): CrawledDocument {
  let page: { readonly text: string; readonly spans: readonly NoiseSpan[] } = { text: problem.text, spans: [] };
  if (random.chance(SHARES.planted)) {
    const kinds = Array.from({ length: random.between(1, 3) }, () => random.pick(PLANTED_KINDS));
    page = plantNoise(random, problem.text, kinds, vocabulary(random, problems));
  }
  if (random.chance(SHARES.page)) page = onPage(page, drawBoilerplate(random), drawBoilerplate(random));
  return { ...problem, ...page };
}

/** The text between a header and a footer. */
function onPage({ text, spans }: Pick<CrawledDocument, 'text' | 'spans'>, header: string, footer: string): Pick<CrawledDocument, 'text' | 'spans'> {
  const before = header.length + 1;
  const after = before + text.length + 1;
  return {
    text: `${header}\n${text}\n${footer}`,
    spans: [
      { start: 0, end: header.length, kind: 'boilerplate' },
      ...spans.map(({ start, end, kind }) => ({ start: start + before, end: end + before, kind })),
      { start: after, end: after + footer.length, kind: 'boilerplate' },
    ],
  };
}

function drawNoiseDocument(random: Random, id: string, problems: readonly TextDocument[]): CrawledDocument {
  const kind = random.pick(WHOLE_KINDS);
  const lines = random.between(2, 8);
  const source = 'noise';
  if (kind !== 'boilerplate') return { id, source, ...noiseDocument(random, kind, lines, vocabulary(random, problems)) };
  const text = Array.from({ length: Math.ceil(lines / 2) }, () => drawBoilerplate(random)).join('\n');
  return { id, source, text, spans: [{ start: 0, end: text.length, kind }] };
}

/** Text of the subject whose words `shuffled-words` puts out of order. */
const vocabulary = (random: Random, problems: readonly TextDocument[]): string => `${random.pick(problems).text} ${random.pick(problems).text}`;

import { createRandom } from '../../src/math/random.js';
import type { Random } from '../../src/math/random.js';
import type { NoiseKind } from './noise.js';
import { noiseDocument, plantNoise } from './planting.js';
import type { NoiseSpan, PlantedText } from './planting.js';
import { drawClean } from './voice.js';
import type { Source } from './voice.js';

/** One line of corpus.jsonl. */
export interface CorpusDocument {
  readonly id: string;
  readonly text: string;
  readonly source: Source;
}

/** One line of noise.jsonl: every document has one, clean ones with no spans. */
export interface NoiseRecord {
  readonly id: string;
  readonly spans: readonly RecordedSpan[];
}

/** Code points are given where they differ from UTF-16 code units. */
export interface RecordedSpan extends NoiseSpan {
  readonly codePointStart?: number;
  readonly codePointEnd?: number;
}

/** Sources as often as they are listed. */
const MIX: readonly Source[] = ['textbook', 'textbook', 'forum', 'forum', 'weblogs'];

/** How much noise a source carries. */
interface NoiseProfile {
  /** Share of documents that are noise from end to end. */
  readonly wholly: number;
  /** Share of documents with noise inside a clean text. */
  readonly partly: number;
  /** Most spans planted in one document. */
  readonly spans: number;
}

const PROFILES: Readonly<Record<Source, NoiseProfile>> = {
  textbook: { wholly: 0.02, partly: 0.3, spans: 2 },
  forum: { wholly: 0.06, partly: 0.6, spans: 3 },
  weblogs: { wholly: 0.16, partly: 0.75, spans: 7 },
};

/** Kinds as often as they are listed. */
const KINDS: readonly NoiseKind[] = [
  'log-line',
  'log-line',
  'serial-number',
  'serial-number',
  'hex-digest',
  'hex-digest',
  'base64',
  'shuffled-words',
  'shuffled-words',
  'markup',
  'markup',
  'surname',
];
const WHOLE_KINDS: readonly NoiseKind[] = ['log-line', 'serial-number', 'hex-digest', 'base64', 'shuffled-words', 'markup'];

/** The demo corpus with its ground truth. Document i depends on the seed and i alone. */
export function* drawCorpus(seed: string, documents: number): Generator<{ document: CorpusDocument; noise: NoiseRecord }> {
  for (let index = 0; index < documents; index++) {
    const random = createRandom(`${seed}/${index}`);
    const source = random.pick(MIX);
    const { text, spans } = drawNoisy(random, source);
    const id = `demo-${String(index).padStart(5, '0')}`;
    yield { document: { id, text, source }, noise: { id, spans: withCodePoints(text, spans) } };
  }
}

/** Clean documents in the same mix of sources, without end: text to train the reference model, or held out to evaluate with. */
export function* drawCleanDocuments(seed: string): Generator<CorpusDocument> {
  for (let index = 0; ; index++) {
    const random = createRandom(`${seed}/${index}`);
    const source = random.pick(MIX);
    yield { id: `${seed}-${String(index).padStart(5, '0')}`, text: drawClean(random, source), source };
  }
}

function drawNoisy(random: Random, source: Source): PlantedText {
  const profile = PROFILES[source];
  const draw = random.float();
  const vocabulary = Array.from({ length: 4 }, () => drawClean(random, random.pick(MIX))).join(' ');
  if (draw < profile.wholly) return noiseDocument(random, random.pick(WHOLE_KINDS), random.between(2, 8), vocabulary);
  const text = drawClean(random, source);
  if (draw >= profile.wholly + profile.partly) return { text, spans: [] };
  const kinds = Array.from({ length: random.between(1, profile.spans) }, () => random.pick(KINDS));
  return plantNoise(random, text, kinds, vocabulary);
}

function withCodePoints(text: string, spans: readonly NoiseSpan[]): RecordedSpan[] {
  const codePoints = (end: number): number => Array.from(text.slice(0, end)).length;
  return spans.map((span) => {
    const [codePointStart, codePointEnd] = [codePoints(span.start), codePoints(span.end)];
    return codePointStart === span.start && codePointEnd === span.end ? span : { ...span, codePointStart, codePointEnd };
  });
}

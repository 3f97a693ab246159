import type { Random } from '../../src/math/random.js';
import { isFirstName } from './lexicon.js';
import { drawNoise } from './noise.js';
import type { NoiseKind } from './noise.js';

/** Where noise stands in a text, in UTF-16 code units: `text.slice(start, end)` is the noise. */
export interface NoiseSpan {
  readonly start: number;
  readonly end: number;
  readonly kind: NoiseKind;
}

/** A text and the noise in it, spans ascending and apart. */
export interface PlantedText {
  readonly text: string;
  readonly spans: readonly NoiseSpan[];
}

/**
 * The text with noise put between its words, one span of each given kind, in random order. A surname follows the first name it belongs to;
 * other kinds stand mostly between sentences and sometimes inside one. No two spans share a gap, so spans beyond the number of gaps are
 * not planted.
 */
export function plantNoise(random: Random, text: string, kinds: readonly NoiseKind[], vocabulary: string): PlantedText {
  const gaps = random.shuffled(gapsOf(text));
  const plans: { gap: Gap; kind: NoiseKind }[] = [];
  for (const kind of kinds) {
    const place = kind === 'surname' ? 'after-name' : random.chance(0.75) ? 'between-sentences' : 'between-words';
    const index = gaps.findIndex((gap) => gap.place === place);
    if (index === -1) continue;
    plans.push({ gap: gaps[index]!, kind });
    gaps.splice(index, 1);
  }
  plans.sort((first, second) => first.gap.at - second.gap.at);

  let planted = '';
  let copied = 0;
  const spans: NoiseSpan[] = [];
  for (const { gap, kind } of plans) {
    planted += `${text.slice(copied, gap.at)}${kind === 'surname' ? ' ' : text.charAt(gap.at)}`;
    const start = planted.length;
    planted += drawNoise(random, kind, vocabulary);
    spans.push({ start, end: planted.length, kind });
    copied = gap.at;
  }
  return { text: planted + text.slice(copied), spans };
}

/** A document that is nothing but noise of one kind, one span a line. */
export function noiseDocument(random: Random, kind: NoiseKind, lines: number, vocabulary: string): PlantedText {
  const spans: NoiseSpan[] = [];
  let text = '';
  for (let line = 0; line < lines; line++) {
    if (line > 0) text += '\n';
    const start = text.length;
    text += drawNoise(random, kind, vocabulary);
    spans.push({ start, end: text.length, kind });
  }
  return { text, spans };
}

interface Gap {
  /** Offset of the white space after a word. */
  readonly at: number;
  readonly place: 'between-sentences' | 'between-words' | 'after-name';
}

function gapsOf(text: string): Gap[] {
  return Array.from(text.matchAll(/(\S+)\s/g), (match) => {
    const word = match[1]!;
    const place = /[.?!]$/.test(word) ? 'between-sentences' : isFirstName(word) ? 'after-name' : 'between-words';
    return { at: match.index + word.length, place };
  });
}

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { CorpusDocument, NoiseRecord } from '../../scripts/demo/corpus.js';
import { cleanLines, demoFiles } from '../../scripts/demo/demo-files.js';
import type { NoiseKind } from '../../scripts/demo/noise.js';
import { countEquations, wrongEquations } from './arithmetic.js';

const committed = (name: string): string => readFileSync(new URL(`../../pipelines/demo/${name}`, import.meta.url), 'utf8');
const records = <T>(name: string): T[] =>
  committed(name)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

const textOf = (line: string): string => (JSON.parse(line) as CorpusDocument).text;

const corpus = records<CorpusDocument>('corpus.jsonl');
const noise = records<NoiseRecord>('noise.jsonl');
const heldOut = records<CorpusDocument>('heldout.jsonl');
const pairs = corpus.map((document, index) => ({ ...document, spans: noise[index]!.spans }));
const clean = pairs.filter(({ spans }) => spans.length === 0);
const wholly = pairs.filter(({ text, spans }) => spans[0]?.start === 0 && spans.at(-1)?.end === text.length);
const partly = pairs.filter((document) => document.spans.length > 0 && !wholly.includes(document));

describe('the demo corpus', () => {
  test('is what its generator makes, byte for byte', () => {
    const made = demoFiles();
    expect([...made.keys()]).toEqual(['corpus.jsonl', 'noise.jsonl', 'heldout.jsonl']);
    for (const [name, text] of made) expect(committed(name) === text, name).toBe(true);
  });

  test('has unique ids, and the noise record of a document on the same line', () => {
    expect(new Set(corpus.map(({ id }) => id)).size).toBe(corpus.length);
    expect(noise.map(({ id }) => id)).toEqual(corpus.map(({ id }) => id));
    expect(new Set(heldOut.map(({ id }) => id)).size).toBe(heldOut.length);
  });

  test('mixes clean, partly noisy and wholly noisy documents of three sources', () => {
    expect(corpus.length).toBe(2000);
    expect(new Set(corpus.map(({ source }) => source))).toEqual(new Set(['textbook', 'forum', 'weblogs']));
    expect(clean.length).toBeGreaterThan(600);
    expect(partly.length).toBeGreaterThan(600);
    expect(wholly.length).toBeGreaterThan(80);
  });

  test('carries most noise in weblogs and least in textbooks', () => {
    const share = (source: string): number => {
      const mine = pairs.filter((document) => document.source === source);
      const noisy = mine.flatMap(({ spans }) => spans).reduce((sum, { start, end }) => sum + end - start, 0);
      return noisy / mine.reduce((sum, { text }) => sum + text.length, 0);
    };
    expect(share('textbook')).toBeLessThan(share('forum'));
    expect(share('forum')).toBeLessThan(share('weblogs'));
    expect(share('textbook')).toBeGreaterThan(0.02);
  });
});

describe('a recorded noise span', () => {
  test('lies inside its text, after the span before it', () => {
    for (const { id, text, spans } of pairs) {
      let last = 0;
      for (const { start, end } of spans) {
        expect(start, id).toBeGreaterThanOrEqual(last);
        expect(end, id).toBeGreaterThan(start);
        last = end;
      }
      expect(last, id).toBeLessThanOrEqual(text.length);
    }
  });

  test('covers what its kind says', () => {
    const seen = new Set<NoiseKind>();
    for (const { id, text, spans } of pairs) {
      for (const { start, end, kind } of spans) {
        expect(text.slice(start, end), id).toMatch(LOOKS[kind]);
        seen.add(kind);
      }
    }
    expect(seen).toEqual(new Set(Object.keys(LOOKS)));
  });

  test('gives code points exactly where they differ from UTF-16 code units', () => {
    let differing = 0;
    for (const { text, spans } of pairs) {
      const points = Array.from(text);
      for (const { start, end, codePointStart, codePointEnd } of spans) {
        expect(points.slice(codePointStart ?? start, codePointEnd ?? end).join('')).toBe(text.slice(start, end));
        const astral = /[\u{10000}-\u{10ffff}]/u.test(text.slice(0, end));
        expect(codePointStart !== undefined && codePointEnd !== undefined).toBe(astral);
        if (astral) differing++;
      }
    }
    expect(differing).toBeGreaterThan(10);
  });

  test('leaves the clean document when it is cut out with the white space before it', () => {
    const known = new Set([...cleanLines('words', 3_000_000)].flatMap((line) => textOf(line).match(/\p{L}+/gu) ?? []));
    const unknown = new Set<string>();
    let equations = 0;
    for (const { id, text, spans } of partly) {
      const rest = spans.reduceRight((left, { start, end }) => left.slice(0, start - 1) + left.slice(end), text);
      expect(wrongEquations(rest), id).toEqual([]);
      equations += countEquations(rest);
      for (const word of rest.match(/\p{L}+/gu) ?? []) if (!known.has(word) && !known.has(`${word}s`)) unknown.add(word);
    }
    expect(equations).toBeGreaterThan(1500);
    expect([...unknown]).toEqual([]);
  });
});

describe('clean text', () => {
  test('works its arithmetic out rightly', () => {
    let equations = 0;
    for (const { id, text } of [...clean, ...heldOut]) {
      expect(wrongEquations(text), id).toEqual([]);
      equations += countEquations(text);
    }
    expect(equations).toBeGreaterThan(3000);
  });

  test('is held out: only drills, which have few forms, stand in the corpus as well', () => {
    const texts = new Set(corpus.map(({ text }) => text));
    const shared = heldOut.filter(({ text }) => texts.has(text));
    expect(shared.filter(({ text }) => text.includes('?'))).toEqual([]);
    expect(shared.length).toBeLessThan(heldOut.length / 50);
    expect(heldOut.length).toBeGreaterThan(200);
  });

  test('is a stream: the first lines of a longer draw are those of a shorter one', () => {
    const short = [...cleanLines('reference', 20_000)];
    const long = [...cleanLines('reference', 40_000)];
    expect(long.slice(0, short.length)).toEqual(short);
    expect(Buffer.byteLength(short.join(''))).toBeGreaterThanOrEqual(20_000);
    expect(Buffer.byteLength(short.slice(0, -1).join(''))).toBeLessThan(20_000);
  });
});

const LOOKS: Readonly<Record<NoiseKind, RegExp>> = {
  'log-line': /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (?:INFO|WARN|ERROR|DEBUG|FATAL) \w+\[\d+\]: \S.*\S$/,
  'serial-number': /^[A-Z]{2,3}(?:-[0-9A-Z]{3,6}){2,4}$/,
  'hex-digest': /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/,
  base64: /^(?:[A-Za-z0-9+/]{4})+[A-Za-z0-9+/]{2}==$/,
  'shuffled-words': /^(?:[A-Za-z]+ ){7,19}[A-Za-z]+$/,
  surname: /^[A-Z][a-z]{5,}$/,
  markup: /^(?:<[^<>]+>|&#?\w+;|\{\{[^{}]*\}\}|\{\{|\}\}|\[\[|\]\]|\[\[[^[\]]+\]\])+$/,
};

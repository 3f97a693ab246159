import { describe, expect, it } from 'vitest';
import { areaUnderCurve } from '../../scripts/gsm8k/area-under-curve.js';
import type { NoiseSpan } from '../../scripts/gsm8k/crawl.js';
import { dataFiles } from '../../scripts/gsm8k/data-files.js';
import { readProblems, type TextDocument } from '../../scripts/gsm8k/problems.js';
import { kindsOfTokens } from '../../scripts/gsm8k/token-kinds.js';

const problem = (at: number): string => JSON.stringify({ question: `Ann has ${at} apples 🍎 and buys ${at} more. How many are there?`, answer: `She has ${at} + ${at} = <<${at}+${at}=${2 * at}>>${2 * at}.\n#### ${2 * at}` });
const SOURCES = {
  train: `${Array.from({ length: 500 }, (_, at) => problem(at)).join('\n')}\n`,
  test: `${Array.from({ length: 320 }, (_, at) => problem(1000 + at)).join('\n')}\n`,
  other: Array.from({ length: 40 }, (_, at) => `First Citizen ${at}:\n${'Speak, speak. '.repeat(20)}`).join('\n\n'),
  seed: 'test',
};
const files = dataFiles(SOURCES);
const records = <T>(name: string): T[] => files.get(name)!.trimEnd().split('\n').map((line) => JSON.parse(line) as T);
const crawl = records<TextDocument>('crawl.jsonl');
const noise = records<{ id: string; spans: readonly NoiseSpan[] }>('noise.jsonl');

describe('the files of the GSM8K experiment', () => {
  it('are the same for the same input and seed, and others for another seed', () => {
    expect([...dataFiles(SOURCES)]).toEqual([...files]);
    expect(dataFiles({ ...SOURCES, seed: 'another' }).get('crawl.jsonl')).not.toBe(files.get('crawl.jsonl'));
  });

  it('deal every train problem to the reference model, to the crawl or to development, and none to two of them', () => {
    const ids = [...records<TextDocument>('clean.jsonl'), ...records<TextDocument>('development.jsonl'), ...crawl.filter(({ source }) => source === 'gsm8k')].map(({ id }) => id);
    expect(ids.length).toBe(500);
    expect(new Set(ids).size).toBe(500);
    expect(records('development.jsonl').length).toBe(150);
    expect(records('clean.jsonl').length).toBe(175);
  });

  it('hold the whole test set, and a sample of it to be evaluated on while training', () => {
    const whole = records<TextDocument>('test-whole.jsonl');
    expect(whole.map(({ text }) => text)).toEqual(readProblems(SOURCES.test, 'test', 'test').map(({ text }) => text));
    const sample = records<TextDocument>('test.jsonl');
    expect(new Set(sample.map(({ id }) => id)).size).toBe(200);
    expect(whole.map(({ id }) => id)).toEqual(expect.arrayContaining(sample.map(({ id }) => id)));
  });

  it('record where noise stands: without it, a problem of the crawl is the problem of the train file', () => {
    const texts = new Map(readProblems(SOURCES.train, 'train', 'train').map(({ id, text }) => [id, text]));
    let soiled = 0;
    crawl.forEach(({ id, text, source }, at) => {
      const { id: noisyId, spans } = noise[at]!;
      expect(noisyId).toBe(id);
      if (source !== 'gsm8k') return;
      soiled += spans.length > 0 ? 1 : 0;
      const cut = spans.toReversed().reduce((rest, { start, end }) => rest.slice(0, Math.max(0, start - 1)) + rest.slice(start === 0 ? end + 1 : end), text);
      expect(cut, id).toBe(texts.get(id));
    });
    expect(soiled).toBeGreaterThan(70);
  });

  it('mix documents of noise alone and passages of other subjects into the crawl', () => {
    const sources = (name: string): TextDocument[] => crawl.filter(({ source }) => source === name);
    expect(sources('noise').length).toBe(44);
    expect(sources('other').map(({ text }) => text).join('\n\n').length).toBeGreaterThan(10_000);
    expect(noise.filter(({ id }) => id.startsWith('other')).every(({ spans }) => spans.length === 0)).toBe(true);
    expect(new Set(noise.flatMap(({ spans }) => spans.map(({ kind }) => kind)))).toEqual(new Set(['log-line', 'serial-number', 'hex-digest', 'base64', 'shuffled-words', 'markup', 'boilerplate']));
  });

  it('need a train file with questions and answers, and enough of them', () => {
    expect(() => dataFiles({ ...SOURCES, train: `${problem(1)}\n{"question":"?"}\n` })).toThrow('the train file, line 2 must have a "question" and an "answer"');
    expect(() => dataFiles({ ...SOURCES, train: 'nothing' })).toThrow('the train file, line 1 must be JSON');
    expect(() => dataFiles({ ...SOURCES, train: `${problem(1)}\n` })).toThrow('must hold at least 300 problems, found 1');
  });
});

describe('measuring a selection', () => {
  it('tells by its bytes what a token is, beyond ASCII too', () => {
    const document = { id: 'a', text: 'é🍎 SN-12 ok', source: 'gsm8k' };
    expect(kindsOfTokens(document, [{ start: 4, end: 9, kind: 'serial-number' }], [2, 4, 1, 3, 2, 3])).toEqual(['gsm8k', 'gsm8k', 'gsm8k', 'serial-number', 'serial-number', 'gsm8k']);
    expect(kindsOfTokens({ id: 'b', text: 'ab\ncd', source: 'noise' }, [{ start: 0, end: 2, kind: 'base64' }, { start: 3, end: 5, kind: 'base64' }], [2, 1, 2])).toEqual(['base64', 'base64', 'base64']);
  });

  it('takes the area under the curve as the chance that one value is above another', () => {
    expect(areaUnderCurve(Float32Array.of(1, 2), Float32Array.of(3, 2))).toBe(0.875);
    expect(areaUnderCurve(Float32Array.of(0), Float32Array.of(0, 0))).toBe(0.5);
    expect(areaUnderCurve(Float32Array.of(5), Float32Array.of(1))).toBe(0);
  });
});

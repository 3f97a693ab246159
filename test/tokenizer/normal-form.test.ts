import { expect, test } from 'vitest';
import { alignNormalForm, countInSource, type NormalForm } from '../../src/tokenizer/normal-form.js';
import { TEXTS } from './fixture.js';

const texts = TEXTS.map(({ text }) => text.toWellFormed());

test.each<NormalForm>(['NFC', 'NFD', 'NFKC', 'NFKD'])('%s of a text is aligned with it from end to end', (form) => {
  let changed = 0;
  for (const text of texts) {
    const aligned = alignNormalForm(text, form);
    if (aligned === null) continue;
    if (aligned.text !== text) changed++;
    expect(aligned.text).toBe(text.normalize(form));
    expect([aligned.ends.at(-1), aligned.sourceEnds.at(-1)]).toEqual([Buffer.byteLength(aligned.text), Buffer.byteLength(text)]);
    expect(aligned.ends.every((end, i) => end >= (aligned.ends[i - 1] ?? 0))).toBe(true);
  }
  expect(changed).toBeGreaterThan(50);
});

test('NFC can be aligned for every text of the fixture', () => {
  expect(texts.filter((text) => alignNormalForm(text, 'NFC') === null)).toEqual([]);
});

test('counts of the normalized text become counts of the source, byte for byte where nothing changed', () => {
  const aligned = alignNormalForm('ab e\u0301c', 'NFC')!;
  const counts = Int32Array.of(1, 2, 2, 1);
  countInSource(counts, aligned);
  expect([...counts]).toEqual([1, 2, 3, 1]);
});

test('tokens that cut a changed character share its bytes', () => {
  const aligned = alignNormalForm('\u1112\u1161\u11ab', 'NFC')!;
  const counts = Int32Array.of(1, 1, 1);
  countInSource(counts, aligned);
  expect([...counts]).toEqual([3, 3, 3]);
});

test('a changed character at the beginning, at the end and beside another one keeps its bytes', () => {
  const source = 'e\u0301o\u0308xa\u030a';
  const counts = Int32Array.of(2, 2, 1, 2);
  countInSource(counts, alignNormalForm(source, 'NFC')!);
  expect([...counts]).toEqual([3, 3, 1, 3]);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEMO, type DemoDocument } from './demo-run.js';

interface NoiseRecord {
  readonly id: string;
  readonly spans: readonly { readonly start: number; readonly end: number }[];
}

/** For each document of the demo corpus, by id: the byte ranges of its text into which noise was planted. */
function noiseRanges(documents: readonly DemoDocument[]): Map<string, readonly (readonly [number, number])[]> {
  const records = readFileSync(join(DEMO, 'noise.jsonl'), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as NoiseRecord);
  const spansOf = new Map(records.map(({ id, spans }) => [id, spans]));
  return new Map(documents.map(({ id, text }) => [id, spansOf.get(id)!.map(({ start, end }) => [Buffer.byteLength(text.slice(0, start)), Buffer.byteLength(text.slice(0, end))] as const)]));
}

/** Says of the tokens of a row, by the bytes each of them covers, which overlap planted noise. */
export function noiseFinder(documents: readonly DemoDocument[]): (id: string, tokenBytes: ArrayLike<number>) => boolean[] {
  const ranges = noiseRanges(documents);
  return (id, tokenBytes) => {
    let from = 0;
    return Array.from(tokenBytes, (bytes) => {
      const to = from + bytes;
      const inside = ranges.get(id)!.some(([start, end]) => from < end && to > start);
      from = to;
      return inside;
    });
  };
}

/** The chance that a random value of `high` is above a random one of `low`; equal values count half. */
export function areaUnderCurve(low: readonly number[], high: readonly number[]): number {
  const all = [...low.map((value) => ({ value, up: 0 })), ...high.map((value) => ({ value, up: 1 }))].sort((a, b) => a.value - b.value);
  let rankSum = 0;
  for (let first = 0; first < all.length; ) {
    let end = first;
    while (end < all.length && all[end]!.value === all[first]!.value) end++;
    for (let at = first; at < end; at++) rankSum += all[at]!.up * ((first + end + 1) / 2);
    first = end;
  }
  return (rankSum - (high.length * (high.length + 1)) / 2) / (high.length * low.length);
}

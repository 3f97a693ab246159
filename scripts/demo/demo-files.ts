import { drawCleanDocuments, drawCorpus } from './corpus.js';

/** Seed and sizes of the committed demo files. */
export const DEMO = { seed: 'touchstone-demo', documents: 2000, heldOutSeed: 'heldout', heldOutBytes: 150_000 } as const;

/** The contents of the committed files, by file name. The same on every machine. */
export function demoFiles(): ReadonlyMap<string, string> {
  const drawn = [...drawCorpus(DEMO.seed, DEMO.documents)];
  return new Map([
    ['corpus.jsonl', jsonLines(drawn.map(({ document }) => document))],
    ['noise.jsonl', jsonLines(drawn.map(({ noise }) => noise))],
    ['heldout.jsonl', [...cleanLines(DEMO.heldOutSeed, DEMO.heldOutBytes)].join('')],
  ]);
}

/** Lines of clean JSONL, each with its line feed, until their UTF-8 size reaches `bytes`. */
export function* cleanLines(seed: string, bytes: number): Generator<string> {
  let written = 0;
  for (const document of drawCleanDocuments(seed)) {
    if (written >= bytes) return;
    const line = jsonLine(document);
    written += Buffer.byteLength(line);
    yield line;
  }
}

function jsonLines(records: readonly unknown[]): string {
  return records.map(jsonLine).join('');
}

function jsonLine(record: unknown): string {
  return `${JSON.stringify(record)}\n`;
}

/**
 * Writes the demo corpus, its ground truth and the held-out text:   npx tsx scripts/demo/make-corpus.ts
 * Writes clean text to train the reference model on:                npx tsx scripts/demo/make-corpus.ts --clean-bytes 24000000 --seed reference --out FILE.jsonl
 */
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { cleanLines, demoFiles } from './demo-files.js';

const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'pipelines/demo' },
    'clean-bytes': { type: 'string' },
    seed: { type: 'string', default: 'reference' },
  },
});

if (values['clean-bytes'] === undefined) writeDemo(values.out);
else await writeClean(values.out, values.seed, Number(values['clean-bytes']));

function writeDemo(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of demoFiles()) {
    writeFileSync(join(folder, name), text);
    console.log(`${join(folder, name)}: ${Buffer.byteLength(text)} bytes`);
  }
}

async function writeClean(file: string, seed: string, bytes: number): Promise<void> {
  if (!Number.isSafeInteger(bytes) || bytes <= 0)
    throw new RangeError(`--clean-bytes must be a positive whole number, got ${String(values['clean-bytes'])}`);
  await pipeline(Readable.from(cleanLines(seed, bytes)), createWriteStream(file));
  console.log(`${file}: at least ${bytes} bytes of clean text, seed ${seed}`);
}

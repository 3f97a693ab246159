/**
 * Makes the data of pipelines/gsm8k from your copy of GSM8K (https://github.com/openai/grade-school-math) and, if you like, a text of another subject:
 *   npx tsx scripts/gsm8k/make-data.ts --train gsm8k-train.jsonl --test gsm8k-test.jsonl [--other tinyshakespeare.txt] [--seed touchstone] [--out runs/gsm8k/data]
 * The same files and seed give the same bytes on every machine; the hashes printed say so.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { dataFiles } from './data-files.js';

const { values } = parseArgs({
  options: {
    train: { type: 'string' },
    test: { type: 'string' },
    other: { type: 'string' },
    seed: { type: 'string', default: 'touchstone' },
    out: { type: 'string', default: 'runs/gsm8k/data' },
  },
});
const { train, test, other, seed, out } = values;
if (train === undefined || test === undefined) throw new Error('--train and --test must name the files of GSM8K (JSON lines with question and answer)');

const text = (path: string): string => readFileSync(path, 'utf8');
const files = dataFiles({ train: text(train), test: text(test), other: other === undefined ? '' : text(other), seed });
mkdirSync(out, { recursive: true });
for (const [name, content] of files) {
  writeFileSync(join(out, name), content);
  const documents = content.split('\n').length - 1;
  console.log(`${join(out, name).padEnd(36)} ${String(documents).padStart(5)} lines  sha256 ${createHash('sha256').update(content).digest('hex')}`);
}

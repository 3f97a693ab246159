/**
 * What a selection keeps and drops of the crawl, by what is known of its tokens:
 *   npx tsx scripts/gsm8k/measure-selection.ts --data runs/gsm8k/data --reference runs/gsm8k/scores --live runs/gsm8k/live [--keep 0.5]
 * `reference` and `live` are score sets of the crawl (live may hold its first documents only, scored with --limit-docs), reference with --stats bytes. Rows
 * are dealt in random order into batches of the size of a training step, and each selection keeps its share of every batch.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRandom } from '../../src/math/random.js';
import type { SelectionScore } from '../../src/selection/options.js';
import { randomScores } from '../../src/selection/random-scores.js';
import { selectTokens } from '../../src/selection/select-tokens.js';
import { openScoreSet } from '../../src/store/index.js';
import { areaUnderCurve } from './area-under-curve.js';
import type { NoiseSpan } from './crawl.js';
import type { TextDocument } from './problems.js';
import { kindsOfTokens } from './token-kinds.js';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'runs/gsm8k/data' },
    reference: { type: 'string', default: 'runs/gsm8k/scores' },
    live: { type: 'string', default: 'runs/gsm8k/live' },
    keep: { type: 'string', default: '0.5' },
  },
});
const BATCH_TOKENS = 2040;
const keepFraction = Number(values.keep);

const lines = <T>(name: string): T[] => readFileSync(join(values.data, name), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as T);
const documents = new Map(lines<TextDocument>('crawl.jsonl').map((document) => [document.id, document]));
const spans = new Map(lines<{ id: string; spans: readonly NoiseSpan[] }>('noise.jsonl').map((record) => [record.id, record.spans]));

const liveLosses = new Map<string, Float32Array>();
for await (const { doc_id, ref_loss } of (await openScoreSet(values.live)).rows({ columns: ['doc_id', 'ref_loss'] })) liveLosses.set(doc_id, ref_loss.slice());

interface Row {
  readonly kinds: readonly string[];
  readonly live: Float32Array;
  readonly reference: Float32Array;
}
const rows: Row[] = [];
for await (const { doc_id, ref_loss, token_bytes } of (await openScoreSet(values.reference)).rows({ columns: ['doc_id', 'ref_loss', 'token_bytes'] })) {
  const live = liveLosses.get(doc_id);
  const document = documents.get(doc_id);
  if (live === undefined) continue;
  if (document === undefined || live.length !== ref_loss.length) throw new Error(`${doc_id} must be in the crawl and have as many tokens in both score sets`);
  rows.push({ kinds: kindsOfTokens(document, spans.get(doc_id)!, token_bytes), live, reference: ref_loss.slice() });
}

const order = createRandom('measure').shuffled(rows);
const kinds = order.flatMap((row) => row.kinds);
const live = Float32Array.from(order.flatMap((row) => [...row.live]));
const reference = Float32Array.from(order.flatMap((row) => [...row.reference]));
const excess = live.map((loss, at) => loss - reference[at]!);

const groups = [...new Set(kinds)].sort();
const isNoise = (kind: string): boolean => kind !== 'gsm8k' && kind !== 'other';
const of = (array: Float32Array, test: (kind: string) => boolean): Float32Array => array.filter((_, at) => test(kinds[at]!));
const mean = (array: Float32Array): number => array.reduce((sum, value) => sum + value, 0) / array.length;

const SELECTIONS: readonly SelectionScore[] = ['random', 'reference', 'excess'];
const masks = SELECTIONS.map((score) => keptMask(score));
const row = (name: string, test: (kind: string) => boolean): void => {
  const tokens = kinds.filter(test).length;
  const kept = masks.map((mask) => kinds.reduce((sum, kind, at) => sum + (test(kind) ? mask[at]! : 0), 0) / tokens);
  const cells = [`${((100 * tokens) / kinds.length).toFixed(1)} %`, mean(of(reference, test)).toFixed(2), mean(of(live, test)).toFixed(2), ...kept.map((share) => `${(100 * share).toFixed(1)} %`)];
  console.log(`| ${name} | ${cells.join(' | ')} |`);
};
console.log(`${rows.length} documents, ${kinds.length} tokens, keep ${keepFraction}\n`);
console.log(`| tokens | share | reference loss | live loss | ${SELECTIONS.map((score) => `kept by ${score}`).join(' | ')} |`);
console.log(`|---|---|---|---|${'---|'.repeat(SELECTIONS.length)}`);
row('problems', (kind) => kind === 'gsm8k');
row('other subjects', (kind) => kind === 'other');
row('noise', isNoise);
for (const group of groups.filter(isNoise)) row(group, (kind) => kind === group);
const clean = (kind: string): boolean => kind === 'gsm8k';
console.log(`\nAUC of problems against noise: excess ${areaUnderCurve(of(excess, isNoise), of(excess, clean)).toFixed(3)}, less reference ${(1 - areaUnderCurve(of(reference, isNoise), of(reference, clean))).toFixed(3)}`);
console.log(`AUC of problems against everything else: excess ${areaUnderCurve(of(excess, (kind) => !clean(kind)), of(excess, clean)).toFixed(3)}, less reference ${(1 - areaUnderCurve(of(reference, (kind) => !clean(kind)), of(reference, clean))).toFixed(3)}`);

function keptMask(score: SelectionScore): Uint8Array {
  const mask = new Uint8Array(kinds.length);
  for (let from = 0, step = 0; from < kinds.length; from += BATCH_TOKENS, step++) {
    const to = Math.min(kinds.length, from + BATCH_TOKENS);
    const random = new Float32Array(to - from);
    randomScores(0, step, random);
    const tokens = { sequenceOffsets: Int32Array.of(0, to - from), step, liveLoss: live.subarray(from, to), referenceLoss: reference.subarray(from, to), random };
    mask.set(selectTokens(tokens, { score, keepFraction }).mask, from);
  }
  return mask;
}

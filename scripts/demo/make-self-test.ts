/**
 * Writes pipelines/demo/self-test.json: token ids, and the losses of the demo checkpoint in float32 on this CPU, which other devices are held against at start-up.
 *   npx tsx scripts/demo/make-self-test.ts          (after npm run build)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { hashCheckpoint } from '../../src/model/hash-checkpoint.js';
import { openSessionPool } from '../../src/runtime/session-pool.js';
import { openReferenceModel } from '../../src/scoring/open-reference-model.js';
import { GOLDEN_FILE, GOLDEN_MODEL, goldenLosses } from '../../src/scoring/self-test.js';
import { loadTokenizer } from '../../src/tokenizer/load-tokenizer.js';

/** Two are cut into overlapping windows, and one is short; noise and clean text. */
const DOCUMENTS = ['demo-00000', 'demo-00005', 'demo-00046'];
const LONGEST = 400;
const CPU = { precision: 'float32', device: 'cpu' } as const;

const corpus = readFileSync(new URL('../../pipelines/demo/corpus.jsonl', import.meta.url), 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { id: string; text: string });
const picked = [...DOCUMENTS.map((id) => corpus.find((document) => document.id === id)!), corpus.reduce((a, b) => (b.text.length > a.text.length ? b : a))];
const tokenizer = await loadTokenizer(GOLDEN_MODEL);
const encoded = await tokenizer.encode(picked.map(({ text }) => text), { bytes: false });
const texts = encoded.map(({ ids }) => ({ tokenIds: [...ids.subarray(0, LONGEST)], losses: [] }));

const model = await openReferenceModel(GOLDEN_MODEL, { entropy: false, top1: false });
const golden = { modelHash: (await hashCheckpoint(model)).sha256, bosId: tokenizer.info.bosId!, contextLength: 256, stride: 128 };
const sessions = await openSessionPool([{ ...(await model.graph(golden.contextLength, CPU)), device: { kind: 'cpu' }, threads: 1, spin: false }]);
const losses = await goldenLosses(sessions, CPU, { ...golden, texts }, model.vocabSize);
await sessions.close();

const listed = texts.map(({ tokenIds }, at) => ({ tokenIds, losses: [...losses[at]!].map((loss) => Number(loss.toFixed(6))) }));
writeFileSync(GOLDEN_FILE, `${JSON.stringify({ ...golden, texts: listed })}\n`);
console.log(`${GOLDEN_FILE}: ${listed.map(({ tokenIds }) => tokenIds.length).join(' + ')} tokens, largest loss ${Math.max(...listed.flatMap((text) => text.losses))}`);

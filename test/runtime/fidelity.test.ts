import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { encodeModel } from '../../src/graph/encode.js';
import { buildScoringGraph } from '../../src/graph/scoring-graph.js';
import { openCheckpoint } from '../../src/model/checkpoint.js';
import type { TokenizedDocument } from '../../src/records.js';
import { openSession } from '../../src/runtime/session.js';
import { scatterLosses, type Batch, type TokenLosses } from '../../src/windows/batch.js';
import { batches } from '../../src/windows/batches.js';
import type { OpenDocument } from '../../src/windows/open-document.js';

const ORACLE = new URL('../fixtures/oracle/', import.meta.url);
const CASES = readdirSync(ORACLE, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const CONTEXT = 128;
/** Of the graph: attention in eight blocks. */
const GRAPH_CONTEXT = 1024;

interface Expected {
  readonly sequences: readonly { readonly tokenIds: readonly number[]; readonly lossNats: readonly (number | null)[]; readonly entropyNats: readonly (number | null)[]; /** null: the logits are all equal, and any token is as likely as the most likely one. */ readonly top1: readonly (boolean | null)[] | null }[];
}

async function openCase(name: string): Promise<{ expected: Expected; score: (ids: readonly (readonly number[])[], batchTokens: number, chunkRows?: number) => Promise<OpenDocument[]>; release: () => Promise<void> }> {
  const folder = new URL(`${name}/`, ORACLE).pathname;
  const checkpoint = await openCheckpoint(folder);
  const stats = { entropy: true, top1: true };
  const graph = buildScoringGraph({ spec: checkpoint.spec, weights: checkpoint.weights, contextLength: GRAPH_CONTEXT, stats });
  const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(graph), weightsFolder: checkpoint.weightsFolder, threads: 1, spin: false });
  const run = async ({ inputIds, sequences, length, rows, targets, chunks, chunkRows }: Batch): Promise<TokenLosses> => {
    const { loss, entropy, top1 } = await session.run({
      input_ids: { dtype: 'int32', dims: [sequences, length], data: inputIds },
      rows: { dtype: 'int32', dims: [chunks, chunkRows], data: rows },
      targets: { dtype: 'int32', dims: [chunks, chunkRows], data: targets },
    });
    return { loss: loss!.data as Float32Array, entropy: entropy!.data as Float32Array, top1: top1!.data as Uint8Array };
  };
  return {
    expected: JSON.parse(readFileSync(`${folder}expected.json`, 'utf8')) as Expected,
    async score(ids, batchTokens, chunkRows = 512) {
      async function* documents(): AsyncGenerator<TokenizedDocument> {
        for (const tokenIds of ids) yield await Promise.resolve({ kind: 'tokenized', id: '', source: '', hash: '', tokenIds: Int32Array.from(tokenIds) });
      }
      const opened: OpenDocument[] = [];
      for await (const batch of batches(documents(), { contextLength: CONTEXT, stride: CONTEXT - 1, prefixId: null, batchTokens, shapes: { kind: 'fitted', chunkRows }, stats }, (open) => opened.push(open))) {
        scatterLosses(batch, await run(batch));
      }
      return opened;
    },
    release: () => session.release(),
  };
}

const values = (list: readonly (number | null)[]): number[] => list.map((value) => value ?? NaN);

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    if (Number.isNaN(a[i]) !== Number.isNaN(b[i])) return Infinity;
    if (!Number.isNaN(a[i])) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  }
  return largest;
}

describe('losses equal what PyTorch computes from the same checkpoint', () => {
  it.each(CASES)('%s: loss and entropy within 1e-4 nats, top-1 equal', async (name) => {
    const { expected, score, release } = await openCase(name);
    const opened = await score(expected.sequences.map(({ tokenIds }) => tokenIds), 256);
    opened.forEach((open, at) => {
      const { refLoss, entropy, top1 } = open.finish();
      const oracle = expected.sequences[at]!;
      expect(largestDifference(refLoss, values(oracle.lossNats))).toBeLessThanOrEqual(1e-4);
      expect(largestDifference(entropy!, values(oracle.entropyNats))).toBeLessThanOrEqual(1e-4);
      if (oracle.top1 !== null) expect([...top1!].map(Boolean)).toEqual(oracle.top1.map((value) => value ?? false));
    });
    await release();
  });
});

describe('a loss belongs to its token and its context alone', () => {
  it.each(['llama-gqa-tied', 'gpt2', 'gpt-neox-parallel', 'mistral-sliding-window'])('%s: batch mates, padding, batch order and head chunks change it by at most 1e-5', async (name) => {
    const { expected, score, release } = await openCase(name);
    const ids = expected.sequences.map(({ tokenIds }) => tokenIds).filter((tokens) => tokens.length > 1);
    const together = (await score(ids, 1024)).map((open) => open.finish().refLoss);
    const alone = (await score(ids, 1)).map((open) => open.finish().refLoss);
    const reversed = (await score(ids.toReversed(), 300, 5)).map((open) => open.finish().refLoss).toReversed();
    together.forEach((losses, at) => {
      expect(largestDifference(losses, alone[at]!)).toBeLessThanOrEqual(1e-5);
      expect(largestDifference(losses, reversed[at]!)).toBeLessThanOrEqual(1e-5);
    });
    await release();
  });

  it('a uniform model loses ln V on every token', async () => {
    const { expected, score, release } = await openCase('uniform');
    const vocabSize = (JSON.parse(readFileSync(new URL('uniform/config.json', ORACLE), 'utf8')) as { vocab_size: number }).vocab_size;
    for (const open of await score(expected.sequences.map(({ tokenIds }) => tokenIds), 256)) {
      for (const loss of open.finish().refLoss.subarray(1)) expect(loss).toBeCloseTo(Math.log(vocabSize), 5);
    }
    await release();
  });
});

/** Our side of scripts/bench/score.ts: reads one JSON request a line, answers one JSON line. */
import { createInterface } from 'node:readline';
import { GraphBuilder } from '../../../src/graph/builder.js';
import { encodeModel } from '../../../src/graph/encode.js';
import { linear } from '../../../src/graph/ops.js';
import { buildScoringGraph } from '../../../src/graph/scoring-graph.js';
import { openCheckpoint } from '../../../src/model/checkpoint.js';
import type { TokenizedDocument } from '../../../src/records.js';
import type { Tensors } from '../../../src/runtime/protocol.js';
import { openSession } from '../../../src/runtime/session.js';
import { runtimeVersion } from '../../../src/runtime/version.js';
import { batches } from '../../../src/windows/batches.js';

const [folder = '', threadsText = '1', chunkRowsText = '512', statsText = ''] = process.argv.slice(2);
const threads = Number(threadsText);
const stats = { entropy: statsText === 'stats', top1: statsText === 'stats' };

type Request =
  | { readonly kind: 'batch'; readonly ids: readonly number[]; readonly sequences: number; readonly length: number }
  | { readonly kind: 'gemm' }
  | { readonly kind: 'documents'; readonly ids: readonly (readonly number[])[]; readonly contextLength: number; readonly batchTokens: number; readonly prefixId: number | null }
  | { readonly kind: 'memory' };

/** Every position but the last of a sequence is scored. */
function feedsOf({ ids, sequences, length }: Extract<Request, { kind: 'batch' }>): Tensors {
  const scored = sequences * (length - 1);
  const chunks = Math.ceil(scored / Number(chunkRowsText));
  const chunkRows = Math.ceil(scored / chunks);
  const rows = Int32Array.from({ length: chunks * chunkRows }, (_, at) => (at < scored ? Math.floor(at / (length - 1)) * length + (at % (length - 1)) : 0));
  return {
    input_ids: { dtype: 'int32', dims: [sequences, length], data: Int32Array.from(ids) },
    rows: { dtype: 'int32', dims: [chunks, chunkRows], data: rows },
    targets: { dtype: 'int32', dims: [chunks, chunkRows], data: rows.map((row) => ids[row + 1]!) },
  };
}

/** Seconds of a product [2048, 768] x [768, 2048] with a constant, packed right side: the shape most of the model's work has. */
async function gemmSeconds(): Promise<{ seconds: number; flops: number }> {
  const [rows, inner, columns] = [2048, 768, 2048];
  const g = new GraphBuilder('gemm');
  const x = g.input('x', 'float32', [rows, inner]);
  g.output('y', linear(g, x, g.table(new Float32Array(columns * inner).fill(0.5), [columns, inner])));
  const session = await openSession({ model: encodeModel(g.build()), weightsFolder: null, threads, spin: true });
  const feeds: Tensors = { x: { dtype: 'float32', dims: [rows, inner], data: new Float32Array(rows * inner).fill(0.5) } };
  const times: number[] = [];
  for (let round = 0; round < 12; round++) {
    const started = performance.now();
    await session.run(feeds);
    if (round >= 2) times.push((performance.now() - started) / 1000);
  }
  await session.release();
  return { seconds: times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!, flops: 2 * rows * inner * columns };
}

const { spec, weights, weightsFolder } = await openCheckpoint(folder);
const model = encodeModel(buildScoringGraph({ spec, weights, contextLength: spec.maxPositions, stats }));
const session = await openSession({ model, weightsFolder, threads, spin: true });

const answer = (value: unknown): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
answer({ versions: `Node ${process.version}, onnxruntime-node ${runtimeVersion()}` });
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request;
  if (request.kind === 'memory') {
    answer({ peakBytes: process.resourceUsage().maxRSS * 1024 });
  } else if (request.kind === 'gemm') {
    answer(await gemmSeconds());
  } else if (request.kind === 'batch') {
    const feeds = feedsOf(request);
    const started = performance.now();
    await session.run(feeds);
    answer({ seconds: (performance.now() - started) / 1000 });
  } else {
    const { ids, contextLength, batchTokens, prefixId } = request;
    async function* documents(): AsyncGenerator<TokenizedDocument> {
      for (const tokenIds of ids) yield await Promise.resolve({ kind: 'tokenized', id: '', source: '', hash: '', tokenIds: Int32Array.from(tokenIds) });
    }
    const options = { contextLength, stride: Math.floor(contextLength / 2), prefixId, batchTokens, chunkRows: Number(chunkRowsText), stats };
    let seconds = 0;
    let scored = 0;
    for await (const batch of batches(documents(), options, () => undefined)) {
      const { inputIds, sequences, length, rows, targets, chunks, chunkRows } = batch;
      const started = performance.now();
      await session.run({
        input_ids: { dtype: 'int32', dims: [sequences, length], data: inputIds },
        rows: { dtype: 'int32', dims: [chunks, chunkRows], data: rows },
        targets: { dtype: 'int32', dims: [chunks, chunkRows], data: targets },
      });
      seconds += (performance.now() - started) / 1000;
      scored += batch.scored;
    }
    answer({ seconds, scored });
  }
}
await session.release();

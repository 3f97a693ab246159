import { GraphBuilder } from '../../../src/graph/builder.js';
import { encodeModel } from '../../../src/graph/encode.js';
import { gatherRows, linear } from '../../../src/graph/ops.js';
import { openCheckpoint } from '../../../src/model/checkpoint.js';
import { openSession, type Session } from '../../../src/runtime/session.js';
import type { Batch } from '../../../src/windows/batch.js';
import type { LlamaShape } from '../random-checkpoint.js';

/** Time a product is repeated for, so that its start does not count. */
const LEAST_MS = 60;

/** The runtime's own rate at the matrix products of a model. */
export interface Sgemm {
  /** Floating-point operations a second while it does the products of a batch that have constant weights, padding included, and nothing else. */
  rate(batch: Batch): Promise<number>;
  release(): Promise<void>;
}

/** One graph with one Gemm for every shape of the model; weights are the checkpoint's, threads and options those of scoring. */
export async function openSgemm(folder: string, shape: LlamaShape, threads: number): Promise<Sgemm> {
  const { weights, weightsFolder } = await openCheckpoint(folder);
  const open = async (name: string, sizes: { readonly inputs: number; readonly outputs: number }): Promise<Product> => {
    const g = new GraphBuilder('sgemm');
    const x = g.input('x', 'float32', ['M', sizes.inputs]);
    const product = linear(g, x, g.weight(weights.get(name)!));
    g.output('row', gatherRows(g, product, g.constant('int64', [1], [0]))); // one row: to fetch all would take longer than the product
    const session = await openSession({ device: { kind: 'cpu' }, model: encodeModel(g.build()), weightsFolder, threads, spin: true });
    return { session, ...sizes };
  };
  const { layers, hiddenSize, intermediateSize, vocabSize } = shape;
  const square = await open('model.layers.0.self_attn.q_proj.weight', { inputs: hiddenSize, outputs: hiddenSize });
  const widening = await open('model.layers.0.mlp.gate_proj.weight', { inputs: hiddenSize, outputs: intermediateSize });
  const narrowing = await open('model.layers.0.mlp.down_proj.weight', { inputs: intermediateSize, outputs: hiddenSize });
  const head = await open('lm_head.weight', { inputs: hiddenSize, outputs: vocabSize });
  const products = [square, widening, narrowing, head];
  return {
    async rate({ sequences, length, chunks, chunkRows }) {
      let seconds = 0;
      let flops = 0;
      for (const [product, times, rows] of [
        [square, 4 * layers, sequences * length],
        [widening, 2 * layers, sequences * length],
        [narrowing, layers, sequences * length],
        [head, chunks, chunkRows],
      ] as const) {
        seconds += times * (await secondsOf(product, rows));
        flops += times * 2 * rows * product.inputs * product.outputs;
      }
      return flops / seconds;
    },
    async release() {
      for (const { session } of products) await session.release();
    },
  };
}

interface Product {
  readonly session: Session;
  readonly inputs: number;
  readonly outputs: number;
}

async function secondsOf({ session, inputs }: Product, rows: number): Promise<number> {
  const x = { dtype: 'float32', dims: [rows, inputs], data: Float32Array.from({ length: rows * inputs }, (_, at) => ((at * 31) % 1000) / 1000 - 0.5) } as const;
  await session.run({ x });
  const started = performance.now();
  let runs = 0;
  do {
    await session.run({ x });
    runs++;
  } while (performance.now() - started < LEAST_MS);
  return (performance.now() - started) / 1000 / runs;
}

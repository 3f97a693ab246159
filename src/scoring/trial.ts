import { fileURLToPath } from 'node:url';
import { messageOf } from '../errors.js';
import type { Device, Precision } from '../records.js';
import { openSessionPool } from '../runtime/session-pool.js';
import { openReferenceModel } from './open-reference-model.js';

/** One sentence scored on a device, to see that it works and computes what it should. */
export interface Trial {
  readonly device: Device;
  readonly precision: Precision;
  /** From opening the model to its losses. */
  readonly seconds: number;
  /** Nats, from the losses a CPU gave in float32; null where the device gave none. */
  readonly largestDifference: number | null;
  /** Nats; how far a loss may be from those. */
  readonly tolerance: number;
  /** Why it does not work; null where it does. */
  readonly problem: string | null;
}

const MODEL = fileURLToPath(new URL('../../pipelines/demo/model', import.meta.url));

/** "<bos>Question: Jason has 66 marbles and gives 5 to Carmen. How many marbles are left?" to the bundled model's tokenizer. */
const TOKEN_IDS: readonly number[] = [0, 512, 27, 1480, 385, 222, 23, 23, 869, 298, 1405, 222, 22, 320, 1547, 15, 303, 311, 869, 321, 416, 32];
/** Nats; the loss of each token but the first, by that model in float32 on a CPU. */
const LOSSES: readonly number[] = [
  1.92912, 0.00476, 5.16728, 2.08984, 0.35634, 2.49068, 2.46817, 3.76541, 0.57854, 11.73669, 0.00043, 2.59848, 0.1072, 4.63258, 0.00004, 9.38925, 0.00345, 7.7109, 3.2757, 2.74723,
  0.301,
];

/** Kinds of CPU differ by some 1e-6 nats, versions of the runtime by some 1e-4; float16 moves losses of this model by some 1e-3. */
const TOLERANCE: Readonly<Record<Precision, number>> = { float32: 0.002, float16: 0.05, int8: 0.2 };

/** Scores a stored sentence with the bundled model. What goes wrong is in the answer, not thrown. For CUDA the process must have been made ready. */
export async function tryDevice(device: Device): Promise<Trial> {
  const precision = device.kind === 'cpu' ? 'float32' : 'float16';
  const tolerance = TOLERANCE[precision];
  const started = performance.now();
  const trial = (largestDifference: number | null, problem: string | null): Trial => ({ device, precision, seconds: (performance.now() - started) / 1000, largestDifference, tolerance, problem });
  try {
    const losses = await scoreSentence(device, precision);
    const largest = Math.max(...LOSSES.map((loss, at) => Math.abs(loss - losses[at]!))); // NaN where one of them is
    return trial(largest, largest <= tolerance ? null : `a loss is ${largest.toPrecision(3)} nats from what it should be, at most ${tolerance} is expected`);
  } catch (error) {
    return trial(null, messageOf(error));
  }
}

async function scoreSentence(device: Device, precision: Precision): Promise<Float32Array> {
  const length = TOKEN_IDS.length;
  const model = await openReferenceModel(MODEL, { entropy: false, top1: false });
  const pool = await openSessionPool([{ ...(await model.graph(length, { precision, device: device.kind })), device, threads: 1, spin: false }]);
  try {
    const { loss } = await pool.run({
      input_ids: { dtype: 'int32', dims: [1, length], data: Int32Array.from(TOKEN_IDS) },
      rows: { dtype: 'int32', dims: [1, length - 1], data: Int32Array.from({ length: length - 1 }, (_, at) => at) },
      targets: { dtype: 'int32', dims: [1, length - 1], data: Int32Array.from(TOKEN_IDS.slice(1)) },
    });
    return loss!.data as Float32Array;
  } finally {
    await pool.close();
  }
}

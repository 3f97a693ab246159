import { TouchstoneError } from '../../errors.js';
import { HEAD_CHUNKS } from '../layers/unrolled-loss-head.js';

/** Tokens of each probing sequence; every model's context is longer. */
const LENGTH = 16;
/** Nats. Rows of one batch that see the same tokens differ by rounding at most. */
const TOLERANCE = 1e-3;

interface Int32Tensor {
  readonly dtype: 'int32';
  readonly dims: readonly [number, number];
  readonly data: Int32Array;
}

/** A batch for a scoring graph, and what its losses say about the model. */
export interface CausalityProbe {
  readonly feeds: { readonly input_ids: Int32Tensor; readonly rows: Int32Tensor; readonly targets: Int32Tensor };
  /**
   * @param loss float32 (K, R), what the graph gives for the feeds
   * @throws TouchstoneError ('usage') if a loss depends on tokens that come after its target
   */
  readonly check: (loss: Float32Array) => void;
}

/**
 * Nothing in an exported graph says that it is causal, and a masked language model has the same inputs and outputs as a decoder. So
 * ask it: two sequences that only differ in their second half must have the same losses in the first. One run tells.
 */
export function causalityProbe(vocabSize: number): CausalityProbe {
  const half = LENGTH / 2;
  const inputIds = new Int32Array(2 * LENGTH);
  for (let position = 0; position < LENGTH; position++) {
    const id = (7 * position + 1) % vocabSize;
    inputIds[position] = id;
    inputIds[LENGTH + position] = position < half ? id : (id + 1 + (position % (vocabSize - 1))) % vocabSize;
  }
  const scored = half - 1;
  // A row a chunk, in as many chunks as every scoring graph takes; those left over are of the first row once more.
  const rows = Int32Array.from({ length: HEAD_CHUNKS }, (_, at) => (at < scored ? at : at < 2 * scored ? LENGTH + at - scored : 0));
  const targets = rows.map((row) => inputIds[row + 1]!);
  const chunked = (data: Int32Array): Int32Tensor => ({ dtype: 'int32', dims: [HEAD_CHUNKS, 1], data });
  return {
    feeds: { input_ids: { dtype: 'int32', dims: [2, LENGTH], data: inputIds }, rows: chunked(rows), targets: chunked(targets) },
    check: (loss) => {
      for (let at = 0; at < scored; at++) {
        const difference = Math.abs(loss[at]! - loss[scored + at]!);
        if (difference > TOLERANCE) {
          throw new TouchstoneError(
            'usage',
            `the model must be causal, found that the loss of token ${at + 1} moves by ${difference.toPrecision(2)} nats when token ${half + 1} and those after it change`,
            { advice: 'Give a decoder; a masked language model, or an export without its causal mask, cannot be scored token by token.' },
          );
        }
      }
    },
  };
}

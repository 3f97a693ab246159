import { TouchstoneError } from '../../errors.js';
import type { AttachOptions, ForeignScoringModel } from './foreign-scoring-model.js';

export type { AttachOptions, ForeignScoringModel } from './foreign-scoring-model.js';

/**
 * Turns an exported decoder into a scoring graph. Inputs: `input_ids`, `rows`, `targets`; outputs: `loss` and, where asked for,
 * `entropy` and `top1`; shapes and types as for `buildScoringGraph`. All other inputs of the model (mask, positions, empty past) are made inside
 * the graph; outputs other than `logits` are dropped with all that only served them. The [tokens, V] logits never leave the
 * session, and never exist whole if the projection to the vocabulary can be found.
 * Memory: the rewritten model, once; `modelBytes` is only read.
 *
 * @throws TouchstoneError ('io' if the bytes are not a sound ONNX model, 'usage' if it is one that cannot be scored)
 */
export async function attachLossHead(modelBytes: Uint8Array, options: AttachOptions): Promise<ForeignScoringModel> {
  const { rewriteModel } = await import('./rewrite-model.js'); // the protobuf library is only loaded for exported models
  try {
    return await rewriteModel(modelBytes, options);
  } catch (error) {
    if (!(error instanceof TouchstoneError)) throw error;
    const { kind, message, advice, cause } = error;
    throw new TouchstoneError(kind, `${options.subject ?? 'the model'}: ${message}`, { cause, ...(advice === undefined ? {} : { advice }) });
  }
}

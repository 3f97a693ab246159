import { TouchstoneError } from '../../errors.js';
import type { HeadStats } from '../layers/loss-head.js';

export interface AttachOptions {
  readonly stats: HeadStats;
  /** How errors call the model; "the model" where absent. */
  readonly subject?: string;
  /**
   * Name of the file `modelBytes` were read from, within the folder external data are read from. Weights stored inside the model
   * then become byte ranges of that file, and the rewritten model stays small. Absent: they are copied into the rewritten model.
   */
  readonly ownFile?: string;
  /** The location to write in the place of an external one, such as the name a link leads to; the same where absent. */
  readonly resolveLocation?: (location: string) => string | Promise<string>;
}

export interface ForeignScoringModel {
  /** An ONNX ModelProto with the inputs and outputs of `buildScoringGraph`. */
  readonly model: Uint8Array<ArrayBuffer>;
  readonly vocabSize: number;
  /** Every file the runtime will read besides, relative to the model's folder; ownFile among them where it is used. Sorted. */
  readonly externalFiles: readonly string[];
  /** 'rows': logits exist for one chunk of rows at a time. 'whole': float32 or float16 (B, T, V) logits exist inside the session. */
  readonly logits: 'rows' | 'whole';
  /** What was found and done, one sentence each. */
  readonly notes: readonly string[];
  /** Name of the graph. */
  readonly name: string;
  /** Program that wrote the file, and its version. */
  readonly producer: string;
}

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

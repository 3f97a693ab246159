import type { Numerics } from '../records.js';

/** A model that can give losses: a checkpoint we build the graph of, or an exported graph we attach the loss head to. */
export interface ReferenceModel {
  readonly kind: 'huggingface' | 'onnx';
  readonly modelType: string;
  readonly vocabSize: number;
  /** Longest sequence its positions allow; null = the file does not say. */
  readonly maxPositions: number | null;
  /** Folder in which its tokenizer.json is expected. */
  readonly folder: string;
  /** Everything that decides its numbers. */
  readonly files: readonly { readonly name: string; readonly path: string; readonly bytes: number }[];
  /** What a user should know about it; one sentence each. */
  readonly notes: readonly string[];
  /** An exported model's is the same in every precision. @throws TouchstoneError if the weights do not fit the architecture */
  readonly graph: (contextLength: number, numerics: Numerics) => Promise<ScoringGraph>;
}

/** What a session is made from. */
export interface ScoringGraph {
  /** An ONNX ModelProto with the interface of buildScoringGraph. */
  readonly model: Uint8Array;
  /** Folder its external weights are in; null where it has none. */
  readonly weightsFolder: string | null;
}

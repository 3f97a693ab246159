/**
 * The records that flow: Document -> TokenizedDocument -> Batch -> TokenLosses -> ScoredDocument -> a row of a score shard.
 * Typed arrays in records are owned by whoever receives the record. Losses are natural-log nats.
 */

/**
 * What losses are computed in. `float16`: weights and activations of the body, with the log-sum-exp and the target's logit in float32. `int8`: an approximation
 * whose products are of 8-bit integers.
 */
export type Precision = 'float32' | 'float16' | 'int8';

/** What losses are computed on. */
export type Device = { readonly kind: 'cpu' } | { readonly kind: 'cuda'; /** Its number among those the process sees. */ readonly id: number };
export type DeviceKind = Device['kind'];

/** The devices a command was told to use; `auto`: the first CUDA device that works, else the CPU. */
export type DeviceChoice = { readonly kind: 'cpu' } | { readonly kind: 'auto' } | { readonly kind: 'cuda'; readonly ids: readonly number[] };

/** What computed losses, as records name it: nothing that differs between two processes on the same hardware and software. */
export type DeviceRecord =
  | { readonly kind: 'cpu' }
  | {
      readonly kind: 'cuda';
      /** As the driver names it: "NVIDIA H100 80GB HBM3". */
      readonly name: string;
      /** Version of the kernel's driver; null where nothing says. */
      readonly driver: string | null;
      /** Versions by library name, "libcublas.so.13"; null where nothing says. */
      readonly libraries: Readonly<Record<string, string | null>>;
    };

/** A device that sessions can be made on, and what records say of it. */
export interface ComputeDevice {
  readonly device: Device;
  readonly record: DeviceRecord;
}

/** What decides the bits of a loss besides model and text. */
export interface Numerics {
  readonly precision: Precision;
  readonly device: DeviceKind;
}

/** Where a document was read: byte offset of its line for text formats, row number for Parquet, 0 for a whole-file document. */
export interface Origin {
  /** Path as recorded in the plan. */
  readonly file: string;
  readonly position: number;
  readonly positionKind: 'byte' | 'row';
}

/** One text of the corpus. `text` is well-formed Unicode and not empty. */
export interface Document {
  readonly kind: 'document';
  /** Unique within a run. */
  readonly id: string;
  readonly source: string;
  readonly text: string;
  /** sha256 of the UTF-8 text, lower-case hex. */
  readonly hash: string;
  readonly origin: Origin;
}

/** Why a document of the input has no row in the shard. */
export type LeftOutReason =
  | 'invalid-utf8'
  | 'malformed-json'
  | 'not-an-object'
  | 'missing-text'
  | 'text-not-a-string'
  | 'lone-surrogate'
  | 'line-too-long'
  | 'empty-text'
  | 'invalid-id'
  | 'truncated-input'
  | 'tokenizer-error';

/**
 * A document of the input that was not scored; one line of quarantine/NNNNN.jsonl.
 * `quarantined`: something is wrong with it. `skipped`: nothing is wrong, and there is nothing to score (an empty text).
 */
export interface LeftOut {
  readonly kind: 'quarantined' | 'skipped';
  readonly origin: Origin;
  /** The document's id where it could be read. */
  readonly id?: string;
  readonly reason: LeftOutReason;
  /** One sentence for a human; never longer than 300 characters. */
  readonly detail: string;
}

export type CorpusItem = Document | LeftOut;

/** A document whose row an earlier run holds: it needs no tokens and no losses. */
export interface KnownDocument {
  readonly kind: 'known';
  readonly id: string;
  readonly source: string;
  readonly hash: string;
  /** Number of its row among those that can be reused. */
  readonly row: number;
  /** UTF-16 code units of its text: tells what its row takes in memory before that is read. */
  readonly characters: number;
}

/** A text as token ids: what windows are cut from and what a row of the shard carries. */
export interface TokenizedDocument {
  readonly kind: 'tokenized';
  readonly id: string;
  readonly source: string;
  /** sha256 of the UTF-8 text (document layout) or of the row's little-endian int32 token ids (packed layout). */
  readonly hash: string;
  /** (n_tokens); a BOS prefix is never in here. */
  readonly tokenIds: Int32Array<ArrayBuffer>;
  /** (n_tokens) UTF-8 bytes each token covers; sums to the bytes of the text. */
  readonly tokenBytes?: Int32Array<ArrayBuffer>;
  /** Packed layout only: offsets into tokenIds at which a document begins, ascending. */
  readonly docStarts?: Int32Array<ArrayBuffer>;
  /** Leading tokens that are to be scored; absent = all. The rest fills a packed row up and stays NaN. */
  readonly fillFrom?: number;
}

/** A tokenized document with its losses; one row of a score shard. All arrays are target-indexed: entry t is about tokenIds[t]. */
export interface ScoredDocument extends TokenizedDocument {
  /** (n_tokens) negative log-likelihood in nats; NaN = not scored. */
  readonly refLoss: Float32Array<ArrayBuffer>;
  /** (n_tokens) entropy in nats of the distribution that predicted the token; NaN where refLoss is. */
  readonly entropy?: Float32Array<ArrayBuffer>;
  /** (n_tokens) 1 where the token was the most likely one, 0 elsewhere. */
  readonly top1?: Uint8Array<ArrayBuffer>;
}

/** Optional per-token columns beside the reference loss. */
export interface TokenStats {
  readonly entropy: boolean;
  readonly top1: boolean;
  readonly bytes: boolean;
}

/** Storage type of a checkpoint tensor, in the spelling of safetensors. */
export type WeightDtype = 'F32' | 'F16' | 'BF16';

/** One tensor of a checkpoint, as a byte range of a file. */
export interface WeightRef {
  readonly name: string;
  readonly dtype: WeightDtype;
  readonly shape: readonly number[];
  /** Path relative to the checkpoint's weights folder. */
  readonly location: string;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Rotary position embedding, resolved to numbers: angle of pair i at position p is p * inverseFrequency[i]. */
export interface RotarySpec {
  /** (rotaryDim / 2) */
  readonly inverseFrequency: Float64Array;
  /** Leading dimensions of each head that are rotated. */
  readonly rotaryDim: number;
}

/** Llama, Mistral, Qwen2 and Qwen3: pre-norm RMSNorm, rotary, (grouped-query) causal attention, SwiGLU. Weight names are Hugging Face's. */
export interface LlamaSpec {
  readonly family: 'llama';
  /** model_type of config.json. */
  readonly modelType: string;
  readonly vocabSize: number;
  readonly maxPositions: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly normEpsilon: number;
  readonly rotary: RotarySpec;
  readonly tiedHead: boolean;
  readonly attentionBias: { readonly qkv: boolean; readonly output: boolean };
  readonly mlpBias: boolean;
  readonly qkNorm: boolean;
  /** Per layer: a token attends to itself and the slidingWindow - 1 tokens before it; null = all before it. */
  readonly slidingWindow: readonly (number | null)[];
}

/** GPT-2: learned positions, LayerNorm, tied head, Conv1D weights stored [in, out]. */
export interface Gpt2Spec {
  readonly family: 'gpt2';
  readonly modelType: string;
  readonly vocabSize: number;
  readonly maxPositions: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly normEpsilon: number;
  readonly activation: Activation;
  readonly tiedHead: boolean;
  /** Prefix of the weight names: "transformer." or "". */
  readonly weightPrefix: string;
}

/** GPT-NeoX / Pythia: LayerNorm, partial rotary, fused per-head QKV, parallel or sequential residual, untied head. */
export interface GptNeoxSpec {
  readonly family: 'gpt-neox';
  readonly modelType: string;
  readonly vocabSize: number;
  readonly maxPositions: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly normEpsilon: number;
  readonly activation: Activation;
  readonly rotary: RotarySpec;
  readonly parallelResidual: boolean;
  readonly attentionBias: boolean;
  readonly tiedHead: boolean;
}

/** 'gelu' is the exact erf form, 'gelu-tanh' the tanh approximation (gelu_new, gelu_pytorch_tanh, gelu_fast). */
export type Activation = 'gelu' | 'gelu-tanh' | 'relu' | 'silu';

export type ModelSpec = LlamaSpec | Gpt2Spec | GptNeoxSpec;

import type { DeviceChoice, Precision, TokenStats } from '../records.js';

/** A limit on how many of a run's documents or tokens may be bad: a number of them, or a share. `text` is how it was given. */
export type Limit = { readonly kind: 'count'; readonly count: number; readonly text: string } | { readonly kind: 'share'; readonly share: number; readonly text: string };

/** Everything `touchstone score` can be told. Keys are the rooms; config/ fills defaults and checks ranges, scoring/ resolves 'auto'. */
export interface ScoreOptions {
  readonly corpus: {
    /** Files, folders or globs; absolute. A folder means every corpus file below it. */
    readonly paths: readonly string[];
    /** One field, or several joined by a newline. */
    readonly textField: readonly string[];
    /** Field holding the document's id; documents without it get one from file and position. */
    readonly idField: string;
    /** Field holding the document's source; documents without it get the file name. */
    readonly sourceField: string;
    /** A longer line (or whole-file document), in bytes of uncompressed text, is quarantined. */
    readonly maxLineBytes: number;
    /** Target size of a unit, in bytes of input: what an interrupted command scores again at most, for each unit under way. 'auto' = see resolveUnitBytes. */
    readonly unitBytes: number | 'auto';
    /** Read at most this many documents of the whole corpus; null = all. */
    readonly limitDocs: number | null;
  };
  readonly tokenizer: {
    /** Folder holding tokenizer.json; null = the model folder. */
    readonly path: string | null;
  };
  readonly windows: {
    readonly layout: 'document' | 'packed';
    /** Tokens the model sees at once, BOS included; 'auto' = what the checkpoint allows, at most 2048. */
    readonly contextLength: number | 'auto';
    /** Tokens a window moves on; 'auto' = half the context length. Document layout only. */
    readonly stride: number | 'auto';
    /** 'auto' = what the checkpoint's own tokenizer does. */
    readonly bos: 'none' | 'bos' | 'eos-as-bos' | 'auto';
  };
  readonly model: {
    /** A Hugging Face checkpoint folder, or an exported decoder .onnx file; absolute. */
    readonly path: string;
    /** 'auto' = float32 on the CPU, float16 on CUDA. */
    readonly precision: Precision | 'auto';
  };
  readonly runtime: {
    /** What the model runs on. */
    readonly device: DeviceChoice;
    /** Token positions computed per batch, padding included; 'auto' = 4096 on the CPU, 32768 on CUDA. */
    readonly batchTokens: number | 'auto';
    /** Threads over all session workers, and at most as many of the tokenizer; 'auto' = the cores this process may use. */
    readonly threads: number | 'auto';
    /** Session workers on each device; each holds its own copy of the weights. */
    readonly workers: number;
    /** Times a unit is tried in one command before it is recorded as failed and passed over. */
    readonly unitAttempts: number;
    /** Seconds after which a session that has not answered is given up as hung, and the command with it. */
    readonly batchTimeout: number;
  };
  /** What a complete run may hold and still be called good; no part of the plan. null = no limit. */
  readonly thresholds: {
    /** Of the documents read. */
    readonly maxQuarantined: Limit | null;
    /** Of the tokens: those the model gave no finite loss for. */
    readonly maxNonfinite: Limit | null;
  };
  readonly output: {
    /** The run folder; absolute. */
    readonly run: string;
    /**
     * Earlier run folders whose rows are copied for texts they have, the first one's first; absolute. A glob stands for the last by name of the finished
     * runs it matches, other than this one, and may match none. Document layout only.
     */
    readonly reuse: readonly string[];
    readonly stats: TokenStats;
    /** 'grid11' rounds losses to multiples of 2^-11 nats. */
    readonly lossPrecision: 'exact' | 'grid11';
  };
}

/** The same, of a command that only looks: without a run folder there is no plan to be compared with. */
export interface PlanOptions extends Omit<ScoreOptions, 'output'> {
  readonly output: Omit<ScoreOptions['output'], 'run'> & { readonly run: string | null };
}

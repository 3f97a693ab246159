import type { DeviceChoice } from '../records.js';
import type { SelectionOptions } from '../selection/options.js';

/** Everything `touchstone train` can be told. Keys are rooms; config/ fills defaults and checks ranges. */
export interface TrainOptions {
  readonly objective: {
    /** `selective` trains on the tokens its selection keeps; `causal` on every token: plain training, and how a reference model is made. */
    readonly kind: 'selective' | 'causal';
  };
  readonly model: {
    /** A Hugging Face folder to start from; null where `init` is given. */
    readonly path: string | null;
    /** A config.json for a model from scratch, in Hugging Face's spelling; null where `path` is given. */
    readonly init: Readonly<Record<string, unknown>> | null;
    /** Seed of the initial weights of `init`. */
    readonly seed: string;
  };
  readonly tokenizer: {
    /** Folder holding tokenizer.json; null = model.path. */
    readonly path: string | null;
  };
  readonly data: {
    /** A finished run of `touchstone score`: its token ids and, for the selective objective, its losses; absolute. null where `corpus` is given. */
    readonly scores: string | null;
    /** Files, folders or globs of a corpus, for the causal objective; absolute. null where `scores` is given. */
    readonly corpus: readonly string[] | null;
    /** Field of the corpus that holds the text; several are joined by a newline. */
    readonly textField: readonly string[];
    /** Tokens of a sequence, T. */
    readonly length: number;
    /** What stands before a document; 'auto' = what the score set was made with, and for a corpus what the tokenizer does. */
    readonly bos: 'none' | 'bos' | 'eos-as-bos' | 'auto';
    /** Seed of the order of rows; the epoch is added to it. */
    readonly seed: string;
    /** Tokens of the rows that are in memory together and shuffled among themselves. */
    readonly windowTokens: number;
    /** Hash every shard of a score set before the first step and compare with its manifest. Without it damage is found where a page is read. */
    readonly verify: boolean;
  };
  readonly batch: {
    /** Sequences of a micro-batch, B. */
    readonly sequences: number;
    /** Micro-batches of a step. */
    readonly accumulation: number;
  };
  readonly optimizer: {
    /** Peak learning rate. */
    readonly learningRate: number;
    /** What cosine and linear fall to from the peak: reached one step after the last, so that every step of a run learns. */
    readonly minLearningRate: number;
    readonly schedule: 'cosine' | 'linear' | 'constant';
    readonly warmupSteps: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
    /** Decoupled; on matrices and embeddings only. */
    readonly weightDecay: number;
    /** Global norm that gradients are clipped to. */
    readonly clipNorm: number;
  };
  readonly selection: SelectionOptions & {
    /** Seed of the scores of `random`. */
    readonly seed: number;
  };
  readonly run: {
    readonly steps: number;
    /** Threads; 'auto' = the cores this process may use. */
    readonly threads: number | 'auto';
    /**
     * One device. CUDA computes in float32 as well (TF32 off). That a call of several steps has the results of single ones is proven on CPU; on a GPU it was never run
     * or measured, and scripts/pytorch is the way whose kernels others have proven.
     */
    readonly device: DeviceChoice;
    /**
     * Optimizer steps that the runtime takes in one call, K, with weights and moments inside of it: they are handed in and out once for all of them. Changes no
     * result on CPU. Calls end before that where an evaluation or a checkpoint is due, and an interrupted run ends after the call under way. 'auto' = 1 on CPU, where
     * they are updated in place, and 16 on CUDA.
     */
    readonly stepsPerTransfer: number | 'auto';
    /** Steps between evaluations; the last step is always evaluated. */
    readonly evaluateEvery: number;
    /** Held-out texts whose mean loss is evaluated, by name: the folder of a score set, or a corpus (file, folder or glob); absolute. */
    readonly evaluateOn: Readonly<Record<string, string>>;
    /** Steps whose live and reference losses are judged together for whether they are about the same tokens; the first step, and those before a checkpoint, are judged besides. */
    readonly alignmentEvery: number;
    /** Steps between checkpoints; the last step always leaves one. */
    readonly checkpointEvery: number;
  };
  readonly output: {
    /** Folder of the training run; absolute. The trained model is its subfolder `model`. */
    readonly folder: string;
    readonly dtype: 'F32' | 'F16' | 'BF16';
  };
}

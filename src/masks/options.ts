import type { SelectionScore } from '../selection/options.js';

/** Everything `touchstone select` can be told; config/ fills the defaults. */
export interface MaskOptions {
  /** A finished run of `touchstone score`; absolute. */
  readonly run: string;
  /** Score set of a live model over the same documents, which `excess` needs; absolute. */
  readonly live: string | null;
  /** Folder that receives the Parquet files; absolute. */
  readonly out: string;
  readonly score: Exclude<SelectionScore, 'all'>;
  /** Share of the candidates that is kept; null where a threshold rules. */
  readonly keepFraction: number | null;
  /** As in SelectionOptions. */
  readonly threshold: number | null;
  /** Tokens that compete with one another: all of the corpus, or those of a document (of a packed row). */
  readonly scope: 'corpus' | 'document';
  /** Nats; null = no cap. */
  readonly referenceLossCap: number | null;
  /** Seed of the scores of `random`. */
  readonly seed: number;
  /** `mask`: a list of booleans, true = kept. `labels`: token ids with -100 where a token is not kept. */
  readonly format: 'mask' | 'labels';
}

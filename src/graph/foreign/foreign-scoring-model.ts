import type { DeviceKind } from '../../records.js';
import type { HeadStats } from '../layers/loss-head.js';

export interface AttachOptions {
  readonly stats: HeadStats;
  /** The loss head's form, see buildScoringGraph. Default 'cpu'. */
  readonly device?: DeviceKind;
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
  /** Whether it multiplies 8-bit integers, which not every processor adds up exactly (see integerProductsProbe). */
  readonly integerProducts: boolean;
  /** What was found and done, one sentence each. */
  readonly notes: readonly string[];
  /** Name of the graph. */
  readonly name: string;
  /** Program that wrote the file, and its version. */
  readonly producer: string;
}

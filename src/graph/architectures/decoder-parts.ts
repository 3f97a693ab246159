import type { GraphBuilder } from '../builder.js';
import type { Value } from '../ir.js';

/** What every architecture builds: the hidden rows of a batch, and how rows become logits. */
export interface Decoder {
  /** float32 [B*T, D], before the final norm. */
  readonly hidden: Value;
  /** Logits [R, V] of hidden rows [R, D]; builds the final norm and the head inside `body`. */
  readonly project: (body: GraphBuilder, rows: Value) => Value;
}

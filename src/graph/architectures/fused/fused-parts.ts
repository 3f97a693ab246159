import type { Value } from '../../ir.js';

/** What every fused architecture builds: all of a decoder but its last product. */
export interface FusedDecoder {
  /** [B*T, D], after the final norm. */
  readonly normed: Value;
  /** [V, D]: logits are normed rows times its rows. */
  readonly head: Value;
}

/** A matrix and its bias [O], which the operator behind the product may add. */
export interface BiasedMatrix {
  readonly weight: Value;
  readonly bias: Value | null;
}

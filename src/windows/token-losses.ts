/** What the model said about a batch: float32 in nats, one entry for each of `rows`, chunk padding included. */
export interface TokenLosses {
  readonly loss: Float32Array;
  readonly entropy?: Float32Array;
  /** 0 or 1. */
  readonly top1?: Uint8Array;
}

import type { ScoredDocument, TokenizedDocument } from '../records.js';
import type { Window } from './cut.js';
import type { TokenLosses } from './token-losses.js';

/** A document whose losses are still coming in, from one or several windows in any order. */
export class OpenDocument {
  readonly kind = 'open';
  readonly document: TokenizedDocument;
  readonly #prefixId: number | null;
  readonly #shift: number;
  readonly #refLoss: Float32Array<ArrayBuffer>;
  readonly #entropy: Float32Array<ArrayBuffer> | undefined;
  readonly #top1: Uint8Array<ArrayBuffer> | undefined;
  #missing: number;
  #nonfinite = 0;

  /** @param windows number of windows whose losses will be accepted */
  constructor(document: TokenizedDocument, windows: number, prefixId: number | null, stats: { readonly entropy: boolean; readonly top1: boolean }) {
    const tokens = document.tokenIds.length;
    this.document = document;
    this.#missing = windows;
    this.#prefixId = prefixId;
    this.#shift = prefixId === null ? 0 : 1;
    this.#refLoss = new Float32Array(tokens).fill(NaN);
    this.#entropy = stats.entropy ? new Float32Array(tokens).fill(NaN) : undefined;
    this.#top1 = stats.top1 ? new Uint8Array(tokens) : undefined;
  }

  /** The id at a position of the prefixed document. */
  idAt(position: number): number {
    return position < this.#shift ? this.#prefixId! : this.document.tokenIds[position - this.#shift]!;
  }

  get complete(): boolean {
    return this.#missing === 0;
  }

  /** Tokens that got no finite loss so far. */
  get nonfinite(): number {
    return this.#nonfinite;
  }

  /** Takes the losses of one window from `from` on. A non-finite loss becomes NaN, as if the token had not been scored; returns how many did. */
  accept(window: Window, losses: TokenLosses, from: number): number {
    let nonfinite = 0;
    for (let position = window.firstTarget, at = from; position < window.endTarget; position++, at++) {
      const token = position - this.#shift;
      const loss = losses.loss[at]!;
      if (!Number.isFinite(loss)) {
        nonfinite++;
        continue;
      }
      this.#refLoss[token] = loss + 0; // -0, the loss of a certain token, becomes 0
      if (this.#entropy !== undefined) this.#entropy[token] = losses.entropy![at]! + 0;
      if (this.#top1 !== undefined) this.#top1[token] = losses.top1![at]!;
    }
    this.#missing--;
    this.#nonfinite += nonfinite;
    return nonfinite;
  }

  finish(): ScoredDocument {
    return {
      ...this.document,
      refLoss: this.#refLoss,
      ...(this.#entropy === undefined ? {} : { entropy: this.#entropy }),
      ...(this.#top1 === undefined ? {} : { top1: this.#top1 }),
    };
  }
}

import type { ExcessSelection } from './report-data/dynamics.js';
import { TOKEN_CLASSES } from './token-classes.js';

/** The tokens of a batch one after the other. */
export interface JoinedTokens {
  /** (documents + 1) */
  readonly offsets: Int32Array;
  /** (documents) */
  readonly sources: readonly number[];
  readonly ids: Int32Array;
  /** Nats; NaN = not scored. */
  readonly reference: Float32Array;
  readonly live: Float32Array;
  readonly excess: Float32Array;
}

/** What one selection keeps, added batch by batch. Index 0 of a pair: dropped, 1: kept. */
export class SelectionTally {
  readonly #keepFraction: number;
  readonly #tokens = [0, 0];
  readonly #excess = [0, 0];
  readonly #reference = [0, 0];
  readonly #sources: readonly Float64Array[];
  readonly #classes: readonly Float64Array[];

  constructor(keepFraction: number, sources: number) {
    this.#keepFraction = keepFraction;
    this.#sources = [new Float64Array(sources), new Float64Array(sources)];
    this.#classes = [new Float64Array(TOKEN_CLASSES.length), new Float64Array(TOKEN_CLASSES.length)];
  }

  add({ offsets, sources, ids, reference, excess }: JoinedTokens, mask: Uint8Array, classes: Uint8Array | null): void {
    const unknown = TOKEN_CLASSES.indexOf('unknown');
    for (const [document, source] of sources.entries()) {
      for (let i = offsets[document]!; i < offsets[document + 1]!; i++) {
        if (Number.isNaN(excess[i]!)) continue;
        const side = mask[i]!;
        this.#tokens[side]!++;
        this.#excess[side]! += excess[i]!;
        this.#reference[side]! += reference[i]!;
        this.#sources[side]![source]!++;
        if (classes !== null) this.#classes[side]![classes[ids[i]!] ?? unknown]!++;
      }
    }
  }

  selection(sourceNames: readonly string[], withClasses: boolean): ExcessSelection {
    const [dropped, kept] = this.#tokens as [number, number];
    const means = (sums: readonly number[]): { kept: number | null; dropped: number | null } => ({ kept: kept === 0 ? null : sums[1]! / kept, dropped: dropped === 0 ? null : sums[0]! / dropped });
    const counted = <Name extends string>(names: readonly Name[], [drops, keeps]: readonly Float64Array[]): { name: Name; candidates: number; kept: number }[] =>
      names.flatMap((name, i) => (drops![i]! + keeps![i]! === 0 ? [] : [{ name, candidates: drops![i]! + keeps![i]!, kept: keeps![i]! }]));
    return {
      keepFraction: this.#keepFraction,
      candidates: dropped + kept,
      kept,
      meanExcess: means(this.#excess),
      meanReference: means(this.#reference),
      bySource: counted(sourceNames, this.#sources).map(({ name, ...counts }) => ({ source: name, ...counts })),
      byClass: withClasses ? counted(TOKEN_CLASSES, this.#classes).map(({ name, ...counts }) => ({ class: name, ...counts })) : null,
    };
  }
}

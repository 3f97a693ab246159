import { LARGEST_DELTAS, type PairedDeltas } from './report-data/drift.js';
import { newSignedCells, signedCellOf, signedQuantiles } from './signed-cells.js';

type Moved = PairedDeltas['largest'][number];

/** Mean losses of documents in two runs, added one by one; memory does not grow. */
export class PairedTally {
  readonly #cells = newSignedCells();
  readonly #largest: Moved[] = [];
  #documents = 0;
  #identical = 0;
  #sum = 0;
  #squares = 0;
  #absolute = 0;

  /** `name` is asked only for a document among those that moved most. */
  add({ earlier, now }: { readonly earlier: number; readonly now: number }, name: () => Pick<Moved, 'id' | 'source' | 'tokens'>): void {
    const delta = now - earlier;
    this.#documents++;
    if (delta === 0) this.#identical++;
    this.#sum += delta;
    this.#squares += delta * delta;
    this.#absolute += Math.abs(delta);
    this.#cells[signedCellOf(delta)]!++;
    if (delta === 0) return;
    const size = (moved: Moved): number => Math.abs(moved.now - moved.earlier);
    if (this.#largest.length === LARGEST_DELTAS && Math.abs(delta) <= size(this.#largest.at(-1)!)) return;
    this.#largest.push({ ...name(), earlier, now });
    this.#largest.sort((a, b) => size(b) - size(a));
    this.#largest.length = Math.min(this.#largest.length, LARGEST_DELTAS);
  }

  deltas(): PairedDeltas {
    const count = this.#documents;
    const some = count > 0;
    const mean = some ? this.#sum / count : null;
    return {
      documents: count,
      identical: this.#identical,
      mean,
      sd: mean === null ? null : Math.sqrt(Math.max(0, this.#squares / count - mean * mean)),
      meanAbsolute: some ? this.#absolute / count : null,
      percentiles: some ? this.#percentiles() : null,
      largest: [...this.#largest],
    };
  }

  #percentiles(): NonNullable<PairedDeltas['percentiles']> {
    const [p1, p5, p50, p95, p99] = signedQuantiles(this.#cells, this.#documents, [0.01, 0.05, 0.5, 0.95, 0.99]) as [number, number, number, number, number];
    return { p1, p5, p50, p95, p99 };
  }
}

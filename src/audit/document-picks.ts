import { createRandom, type Random } from '../math/random.js';
import { LEAST_TOKENS, SAMPLED_DOCUMENTS } from './report-data/documents.js';

/** A row that may stand in the report. */
export interface PickedRow {
  readonly unit: number;
  /** Row group of the shard, row of the row group, and row of the shard. */
  readonly rowGroup: number;
  readonly rowInGroup: number;
  readonly row: number;
  readonly scored: number;
  /** Nats; NaN where nothing is scored. */
  readonly meanLoss: number;
}

export interface Picks {
  readonly noisiest: readonly PickedRow[];
  readonly quietest: readonly PickedRow[];
  /** In the order of the run. */
  readonly random: readonly PickedRow[];
  /** Documents with LEAST_TOKENS scored tokens, and all. */
  readonly candidates: number;
  readonly documents: number;
}

/** Chooses rows while they stream by, in one order; memory for SAMPLED_DOCUMENTS of each kind. */
export class DocumentPicker {
  readonly #noisiest = new Leading();
  readonly #quietest = new Leading();
  readonly #random = new Leading();
  readonly #draws: Random;
  #candidates = 0;
  #documents = 0;

  constructor(seed: string) {
    this.#draws = createRandom(`${seed}/documents`);
  }

  /** Each row once, rows without tokens not at all. */
  add(pick: PickedRow): void {
    this.#documents++;
    // The rows with the highest draws are a uniform sample.
    this.#random.offer(pick, this.#draws.uint32());
    if (pick.scored < LEAST_TOKENS) return;
    this.#candidates++;
    this.#noisiest.offer(pick, pick.meanLoss);
    this.#quietest.offer(pick, -pick.meanLoss);
  }

  picks(): Picks {
    const ordered = this.#random.picks().sort((a, b) => a.unit - b.unit || a.row - b.row);
    return { noisiest: this.#noisiest.picks(), quietest: this.#quietest.picks(), random: ordered, candidates: this.#candidates, documents: this.#documents };
  }
}

/** The rows of the highest rank so far; of equal ones those that came first. */
class Leading {
  readonly #entries: { readonly pick: PickedRow; readonly rank: number }[] = [];

  offer(pick: PickedRow, rank: number): void {
    const entries = this.#entries;
    if (entries.length === SAMPLED_DOCUMENTS && rank <= entries.at(-1)!.rank) return;
    let at = entries.length;
    while (at > 0 && entries[at - 1]!.rank < rank) at--;
    entries.splice(at, 0, { pick, rank });
    if (entries.length > SAMPLED_DOCUMENTS) entries.pop();
  }

  picks(): PickedRow[] {
    return this.#entries.map(({ pick }) => pick);
  }
}

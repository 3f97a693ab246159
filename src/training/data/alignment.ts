/** Losses of one batch: N entries, all about the same tokens in the same order. */
export interface LossPair {
  /** (N) nats, of the live model. */
  readonly live: Float32Array;
  /** (N) nats; NaN = no candidate. */
  readonly reference: Float32Array;
  /** (B + 1) Sequence b has entries sequenceOffsets[b] to below sequenceOffsets[b + 1]; nothing is compared across sequences. */
  readonly sequenceOffsets: Int32Array;
}

/** Distances in tokens at which live[t] is compared with reference[t + lag]. */
export const LAGS = [-2, -1, 0, 1, 2] as const;

export interface Alignment {
  /**
   * `aligned`: the losses are about the same tokens. `shifted`: they are, `shift` tokens apart. `unrelated`: they have nothing to do with one another,
   * although the live model has learned enough to show it. `undecided`: too soon or too few to tell. A set that is shifted or unrelated must not be trained on.
   */
  readonly verdict: 'aligned' | 'shifted' | 'unrelated' | 'undecided';
  /** Tokens by which the set's losses stand late (positive) or early (negative; -1: at the token that predicts). 0 unless the verdict is `shifted`. */
  readonly shift: number;
  /** Tokens with a live and a reference loss. */
  readonly candidates: number;
  /** Mean live loss of these, nats. */
  readonly meanLive: number;
  /** For each of LAGS, the Pearson correlation of the losses: for people. NaN where there is nothing to correlate. */
  readonly losses: readonly number[];
  /** The same of the losses' contrasts, x[t] - (x[t - 1] + x[t + 1]) / 2: what the verdict goes by. */
  readonly contrasts: readonly number[];
}

/** A correlation counts from this many standard errors on, and at least from LEAST on; it leads where it is above all others by half as much. */
const STANDARD_ERRORS = 5;
const LEAST = 0.1;
/** Standard error of the correlation of two unrelated series of contrasts, times the root of their length: the filter's own autocorrelation (-2/3, 1/6). */
const CONTRAST_ERROR = Math.sqrt(1 + 2 * (4 / 9 + 1 / 36));
/** Nats below ln V at which a live model counts as having learned which tokens are frequent. */
const LEARNED = 1;

const IN_PLACE = LAGS.indexOf(0);

/**
 * Whether live and reference losses are about the same tokens, from all batches that were added; how good the models are does not matter.
 *
 * Losses come in runs (a noisy passage is hard throughout), so that their plain correlation is nearly as high one token off: 0.23 against 0.30. Contrasts with
 * the neighbours leave the runs out: 0.27 in place, -0.11 and -0.21 beside it. Measured on two score sets, one a third noise, one of text the reference model had
 * never seen, with five live models of 1 M parameters (three from scratch, two from the reference checkpoint), in 405 batches of 4 x 511 tokens: in place the contrasts
 * correlate by 0.04 to 0.19 in the first three steps from scratch, by at least 0.17 once the mean loss is a nat below ln V, by 0.4 to 0.99 from the checkpoint.
 * No honest batch is called shifted or unrelated. A set shifted by one or two tokens is called so in every batch from the seventh step at the latest, at the first
 * from a checkpoint; one with its losses dealt out anew is unrelated by four batches together once the model has learned (step 9 to 19 from scratch).
 */
export class AlignmentTally {
  readonly #losses = LAGS.map(() => new Moments());
  readonly #contrasts = LAGS.map(() => new Moments());

  add({ live, reference, sequenceOffsets }: LossPair): void {
    const liveContrast = contrastsOf(live, sequenceOffsets);
    const referenceContrast = contrastsOf(reference, sequenceOffsets);
    LAGS.forEach((lag, i) => {
      this.#losses[i]!.addAll(live, reference, sequenceOffsets, lag);
      this.#contrasts[i]!.addAll(liveContrast, referenceContrast, sequenceOffsets, lag);
    });
  }

  /** @param vocabSize V of the live model */
  result(vocabSize: number): Alignment {
    const contrasts = this.#contrasts.map((moments) => moments.correlation());
    const losses = this.#losses.map((moments) => moments.correlation());
    const { count, meanX } = this.#losses[IN_PLACE]!;
    const margin = Math.max(LEAST, (STANDARD_ERRORS * CONTRAST_ERROR) / Math.sqrt(this.#contrasts[IN_PLACE]!.count));
    const leader = leadingLag(contrasts, margin);
    if (leader !== undefined) return { verdict: leader === 0 ? 'aligned' : 'shifted', shift: leader, candidates: count, meanLive: meanX, losses, contrasts };
    // A larger margin than LEAST means too few tokens (below 4,900) to hear an honest set among the noise.
    const audible = meanX < Math.log(vocabSize) - LEARNED && margin === LEAST;
    const silent = !contrasts.some((correlation) => correlation >= margin);
    return { verdict: audible && silent ? 'unrelated' : 'undecided', shift: 0, candidates: count, meanLive: meanX, losses, contrasts };
  }
}

/** The lag whose correlation counts and leads; NaN counts as none. */
function leadingLag(correlations: readonly number[], margin: number): number | undefined {
  return LAGS.find((_, i) => correlations[i]! >= margin && correlations.every((other, j) => j === i || !(correlations[i]! - other < margin / 2)));
}

/** (N) Each entry less the mean of its two neighbours in the sequence; NaN where one of the three is not finite or not there. */
function contrastsOf(losses: Float32Array, sequenceOffsets: Int32Array): Float64Array {
  const contrasts = new Float64Array(losses.length).fill(NaN);
  for (let b = 0; b + 1 < sequenceOffsets.length; b++) {
    for (let t = sequenceOffsets[b]! + 1; t < sequenceOffsets[b + 1]! - 1; t++) contrasts[t] = losses[t]! - (losses[t - 1]! + losses[t + 1]!) / 2;
  }
  return contrasts;
}

/** Running means and central sums of pairs (Welford's update, so that no precision is lost to large means). */
class Moments {
  count = 0;
  meanX = 0;
  #meanY = 0;
  #sumXX = 0;
  #sumYY = 0;
  #sumXY = 0;

  /** Adds the pairs x[t], y[t + lag] of each sequence of which both are finite. */
  addAll(x: Float32Array | Float64Array, y: Float32Array | Float64Array, sequenceOffsets: Int32Array, lag: number): void {
    for (let b = 0; b + 1 < sequenceOffsets.length; b++) {
      const end = sequenceOffsets[b + 1]! - Math.max(0, lag);
      for (let t = sequenceOffsets[b]! + Math.max(0, -lag); t < end; t++) {
        if (Number.isFinite(x[t]!) && Number.isFinite(y[t + lag]!)) this.#add(x[t]!, y[t + lag]!);
      }
    }
  }

  correlation(): number {
    return this.#sumXY / Math.sqrt(this.#sumXX * this.#sumYY);
  }

  #add(x: number, y: number): void {
    this.count++;
    const dx = x - this.meanX;
    const dy = y - this.#meanY;
    this.meanX += dx / this.count;
    this.#meanY += dy / this.count;
    this.#sumXX += dx * (x - this.meanX);
    this.#sumYY += dy * (y - this.#meanY);
    this.#sumXY += dx * (y - this.#meanY);
  }
}

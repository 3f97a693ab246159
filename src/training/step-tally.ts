import type { TrainingBatch } from './data/batch.js';
import { Diverged } from './interrupted.js';

/** What a step did. */
export interface StepOutcome {
  /** Mean loss in nats of the tokens trained on, before the update; weighted, where tokens have weights. */
  readonly loss: number;
  /** Mean loss in nats of every target of the step, trained on or not. */
  readonly lossAll: number;
  /** Global norm of the gradient of the mean loss, before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Targets that went through the model, and those trained on: with weights, those that were kept and count 1. */
  readonly consumedTokens: number;
  readonly trainedTokens: number;
  /** Sum of the weights; without weights, trainedTokens. */
  readonly weight: number;
  /** Mean excess loss in nats of kept and dropped candidates; NaN without reference losses or where there is none. */
  readonly meanExcessKept: number;
  readonly meanExcessDropped: number;
  /** Live and reference loss of the candidates of the first micro-batch, for checking that they are aligned; empty without losses. */
  readonly live: Float32Array;
  readonly reference: Float32Array;
}

/** What a graph tells of a micro-batch. */
export interface MicroBatchOutcome {
  /** (N) nats */
  readonly live: Float32Array;
  /** (N) 1 where a token was trained on; null where all were. */
  readonly kept: Uint8Array | null;
  /** Tokens trained on. */
  readonly trained: number;
  readonly lossSum: number;
  /** Sum of the weights; without weights, `trained`. */
  readonly weight: number;
}

/** A step as it goes on, micro-batch by micro-batch. */
export class StepTally {
  readonly #step: number;
  readonly #batches: readonly TrainingBatch[];
  #number = 0;
  #lossSum = 0;
  #allSum = 0;
  #consumed = 0;
  #trained = 0;
  #weight = 0;
  readonly #excess: [number, number] = [0, 0];
  readonly #excessCounts: [number, number] = [0, 0];
  #first = new Float32Array(0);

  /** @param step counts from 0 */
  constructor(step: number, batches: readonly TrainingBatch[]) {
    this.#step = step;
    this.#batches = batches;
  }

  /** Adds the next micro-batch. @throws Diverged where a loss is not finite */
  add({ live, kept, trained, lossSum, weight }: MicroBatchOutcome): void {
    const batch = this.#batches[this.#number]!;
    const at = live.findIndex((loss) => !Number.isFinite(loss));
    if (at >= 0) throw new Diverged(`${this.#place(this.#number)}: the loss must be finite, got ${live[at]}`, batch, at);
    if (this.#number === 0) this.#first = live as Float32Array<ArrayBuffer>;
    this.#number++;
    this.#lossSum += lossSum;
    this.#trained += trained;
    this.#weight += weight;
    this.#addLosses(live, kept, batch);
  }

  /** What the step did. @throws Diverged where the norm is not finite */
  finish(gradientNorm: number, learningRate: number): StepOutcome {
    const last = this.#batches.length - 1;
    if (!Number.isFinite(gradientNorm)) throw new Diverged(`${this.#place(last)}: the norm of the gradient must be finite, got ${gradientNorm}`, this.#batches[last]!);
    return {
      loss: this.#lossSum / this.#weight,
      lossAll: this.#allSum / this.#consumed,
      gradientNorm,
      learningRate,
      consumedTokens: this.#consumed,
      trainedTokens: this.#trained,
      weight: this.#weight,
      meanExcessKept: this.#excess[1] / this.#excessCounts[1],
      meanExcessDropped: this.#excess[0] / this.#excessCounts[0],
      live: this.#first,
      reference: this.#batches[0]!.reference ?? new Float32Array(0),
    };
  }

  #place(number: number): string {
    const { length } = this.#batches;
    return `step ${this.#step + 1}${length === 1 ? '' : `, micro-batch ${number + 1} of ${length}`}`;
  }

  /** Over every target, and the excess of kept and dropped candidates apart. */
  #addLosses(live: Float32Array, kept: Uint8Array | null, { reference, eligible }: TrainingBatch): void {
    for (let i = 0; i < live.length; i++) {
      if (eligible[i] === 0) continue;
      this.#allSum += live[i]!;
      this.#consumed++;
      if (reference === undefined || Number.isNaN(reference[i]!)) continue;
      const side = kept === null || kept[i] === 1 ? 1 : 0;
      this.#excess[side] += live[i]! - reference[i]!;
      this.#excessCounts[side]++;
    }
  }
}

import { AlignmentTally, type LossPair } from './data/alignment.js';
import { refuseMisaligned } from './data/misaligned.js';

/** Compares live and reference losses while training goes on. All methods throw a data error for a set whose losses do not belong to its tokens. */
export class AlignmentWatch {
  readonly #vocabSize: number;
  readonly #every: number;
  #tally = new AlignmentTally();
  #listened = false;

  /**
   * @param vocabSize V of the live model
   * @param every steps that are judged together
   */
  constructor(vocabSize: number, every: number) {
    this.#vocabSize = vocabSize;
    this.#every = every;
  }

  /** Adds the losses of a step, counted from 1; the first step alone is judged at once, so that from a checkpoint no second one is lost. */
  add(losses: LossPair, step: number): void {
    this.#tally.add(losses);
    if (!this.#listened || step % this.#every === 0) this.judge(step);
    this.#listened = true;
    if (step % this.#every === 0) this.#tally = new AlignmentTally();
  }

  /** Judges the steps since the last judgement, however few: before a checkpoint is written, and at the end. */
  judge(step: number): void {
    refuseMisaligned(this.#tally.result(this.#vocabSize), `step ${step}`);
  }
}

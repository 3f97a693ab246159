import type { Random } from '../../../src/math/random.js';

/** A word problem, told in whole sentences; how they are laid out is the business of a voice. */
export interface Problem {
  /** What is given. */
  readonly facts: readonly string[];
  readonly question: string;
  /** The worked arithmetic, one step a sentence. */
  readonly steps: readonly string[];
  /** "28 shells": what fills "The answer is ...". */
  readonly answer: string;
}

/** Draws one problem of one kind. */
export type Template = (random: Random) => Problem;

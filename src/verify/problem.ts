/** Something that is wrong with a file of a run. */
export interface Problem {
  /** Relative to the run folder. */
  readonly file: string;
  /** One sentence: expectation and value found. */
  readonly message: string;
  /** What to do about it. */
  readonly advice: string;
}

const again =
  'run the touchstone score command of this run again: it scores the unit anew, to the same bytes on the same kind of CPU; on CUDA or another CPU the last bits of its losses may differ, and the manifest of a finished run is written anew.';

/** Advice for a file whose size is right: resuming only sees that it is damaged once it is gone. */
export const REMOVE_AND_SCORE = `Remove the file and ${again}`;

/** Advice for a file that may be whole: it could not be read this time. */
export const READ_AGAIN = `Check the device (system log) and verify again. Where it stays so, the file is lost: remove it and ${again}`;

/** Advice for what resuming sees by itself. */
export const SCORE_AGAIN = `Let it stand and ${again}`;

/** Advice for manifest.json and _SUCCESS, which follow from the commit records. */
export const FINALIZE_AGAIN = 'Once the commit records are whole, remove manifest.json and _SUCCESS and run touchstone finalize on the folder: it writes both anew.';

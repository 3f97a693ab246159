/** Scoring as a library. Reading score sets alone is `touchstone-slm/store`, which loads no native code. */
export { score, type ScoreEvent, type ScoreHooks, type ScoreResult } from './scoring/score.js';
export { prepareScore, type Prepared } from './scoring/prepare.js';
export { summarize, type ScoreSummary } from './scoring/summary.js';
export type { Progress } from './scoring/progress.js';
export type { ScoreOptions } from './scoring/options.js';
export { resolveScoreOptions } from './config/parse-score-options.js';
export { openScoreSet, toArrow, type ScoreSet } from './store/index.js';
export { TouchstoneError, type ErrorKind } from './errors.js';

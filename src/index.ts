/** Scoring as a library. Reading score sets alone is `touchstone-slm/store`, which loads no native code. */
export { score, scoreTask, type ScoreEvent, type ScoreHooks, type ScoreResult, type TaskResult } from './scoring/score.js';
export type { TaskSlice } from './run/task-slice.js';
export { checkThresholds } from './scoring/thresholds.js';
export { prepareScore, type Prepared } from './scoring/prepare.js';
export { summarize, type ScoreSummary } from './scoring/summary.js';
export type { Progress } from './scoring/progress.js';
export type { Limit, ScoreOptions } from './scoring/options.js';
export { resolveScoreOptions } from './config/parse-score-options.js';
export { openScoreSet, toArrow, type ScoreSet } from './store/index.js';
export { TouchstoneError, type ErrorKind } from './errors.js';

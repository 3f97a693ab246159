import { availableParallelism } from 'node:os';
import { assertUnchanged } from '../corpus/corpus-file.js';
import { readUnit } from '../corpus/read-unit.js';
import { causalityProbe } from '../graph/foreign/causality.js';
import type { CorpusItem } from '../records.js';
import { pendingUnits, readCommits, setProblemAside, type Commit } from '../run/commits.js';
import type { Manifest } from '../run/manifest.js';
import { freezePlan, type Plan } from '../run/plan.js';
import { openSessionPool, type SessionPool } from '../runtime/session-pool.js';
import { openTaskPool } from '../runtime/task-pool.js';
import { workerFile } from '../runtime/worker-file.js';
import { mapOrdered } from '../stream/map-ordered.js';
import type { TokenizedTexts, TokenizerWorkerData, TokenizeTask } from '../tokenizer/tokenize-task.js';
import { changeSince, type CorpusChange } from './corpus-change.js';
import { openEarlierRows } from './earlier-runs.js';
import { finalizeRun } from './finalize.js';
import type { ScoreOptions } from './options.js';
import { prepareScore, type Prepared } from './prepare.js';
import { trackProgress, type Progress } from './progress.js';
import { scoreUnit, type UnitContext } from './score-unit.js';

/** What happens during a run, for whoever shows it. */
export type ScoreEvent =
  | { readonly kind: 'hashing'; readonly done: number; readonly total: number }
  | { readonly kind: 'note'; readonly text: string }
  | { readonly kind: 'planned'; readonly plan: Plan; readonly resumed: boolean; readonly committedUnits: number; readonly threads: number; readonly workers: number }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'unit'; readonly commit: Commit };

export interface ScoreHooks {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: ScoreEvent) => void;
}

export interface ScoreResult {
  readonly prepared: Prepared;
  readonly manifest: Manifest;
  /** Of all units, those of earlier commands included. */
  readonly commits: readonly Commit[];
  /** Units this command scored. */
  readonly unitsScored: number;
  /** What became of the corpus since the runs that were reused; null where none were. */
  readonly change: CorpusChange | null;
  readonly wallSeconds: number;
}

/** Units under way at once: while the last batches of one are computed, the next is read and tokenized. */
const UNITS_AT_ONCE = 2;

/**
 * The scoring job: plans the run or checks it against its frozen plan, scores the units that are missing, and writes the manifest.
 * An aborted signal ends it within a batch and leaves what is committed; the same call goes on from there.
 */
export async function score(options: ScoreOptions, { signal, onEvent = () => undefined }: ScoreHooks = {}): Promise<ScoreResult> {
  const started = performance.now();
  const prepared = await prepareScore(options, {
    ...(signal === undefined ? {} : { signal }),
    onHashed: (done, total) => {
      onEvent({ kind: 'hashing', done, total });
    },
  });
  const { plan } = prepared;
  const { run } = options.output;
  for (const text of prepared.notes) onEvent({ kind: 'note', text });
  const frozen = await freezePlan(run, plan);
  const earlier = await readCommits(run, plan);
  for (const problem of earlier.problems) {
    onEvent({ kind: 'note', text: `${problem.message}; the unit is scored again` });
    await setProblemAside(run, problem);
  }
  const pending = pendingUnits(plan, earlier.committed);
  const { workers } = options.runtime;
  const threads = options.runtime.threads === 'auto' ? availableParallelism() : options.runtime.threads;
  onEvent({ kind: 'planned', plan, resumed: frozen.outcome === 'resumed', committedUnits: earlier.committed.size, threads, workers });
  if (pending.length > 0) await scoreUnits(prepared, options, pending, { threads, workers }, signal, onEvent);

  const { committed } = await readCommits(run, plan);
  const manifest = await finalizeRun(run, plan, committed);
  const onUnusable = (message: string): void => { onEvent({ kind: 'note', text: `${message}; its documents are not compared` }); };
  const change = prepared.reuse.length === 0 ? null : await changeSince(prepared.reuse, run, manifest, { onUnusable, signal });
  return {
    prepared,
    manifest,
    commits: [...committed.values()],
    unitsScored: pending.length,
    change,
    wallSeconds: (performance.now() - started) / 1000,
  };
}

async function scoreUnits(
  prepared: Prepared,
  options: ScoreOptions,
  pending: readonly number[],
  { threads, workers }: { readonly threads: number; readonly workers: number },
  signal: AbortSignal | undefined,
  onEvent: (event: ScoreEvent) => void,
): Promise<void> {
  const { plan, graph, tokenizerPath } = prepared;
  const earlier = await openEarlierRows(prepared.reuse, plan, (text) => { onEvent({ kind: 'note', text }); }, signal);
  const sessions = await openSessionPool(
    { ...graph, threads: Math.max(1, Math.floor(threads / workers)), spin: workers === 1 },
    workers,
  );
  const workerData: TokenizerWorkerData = { path: tokenizerPath, library: 'auto' };
  const tokenizers = openTaskPool<TokenizeTask, TokenizedTexts>(workerFile('../tokenizer/tokenizer.worker.js', import.meta.url), TOKENIZER_THREADS, workerData);

  // The first unit that fails stops the others at their next batch.
  const stop = new AbortController();
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const progress = trackProgress(prepared.units, pending, (state) => {
    onEvent({ kind: 'progress', progress: state });
  });
  const context: UnitContext = {
    run: options.output.run,
    plan,
    encode: (texts) => tokenizers.run({ texts, bytes: plan.output.stats.bytes }),
    encodeConcurrency: TOKENIZER_THREADS + 1,
    sessions,
    earlier,
    batchTokens: options.runtime.batchTokens,
    signal: stopped,
    checkInputs: async (unit) => {
      for (const { file } of prepared.units[unit]!.slices) await assertUnchanged(prepared.files[file]!);
    },
    progress,
  };
  try {
    if (plan.model.kind === 'onnx') await refuseNonCausal(sessions, plan.model.vocabSize);
    for await (const commit of mapOrdered(each(pending), UNITS_AT_ONCE, async (unit) => {
      try {
        const items = readUnit(prepared.units[unit]!, prepared.files, plan.corpus, { signal: stopped, onBytes: (bytes) => { progress.read(unit, bytes); } });
        const commit = await scoreUnit(unit, limited(items, plan.corpus.units[unit]!.limitDocs), context);
        progress.committed(commit);
        return commit;
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    })) {
      onEvent({ kind: 'unit', commit });
    }
  } catch (error) {
    // With units side by side, the one in front may only report that it was stopped.
    if (signal?.aborted !== true && stop.signal.aborted) throw stop.signal.reason;
    throw error;
  } finally {
    await Promise.all([sessions.close(), tokenizers.close(), earlier?.close()]);
  }
}

/** One thread tokenizes faster than a CPU scores, by far. */
const TOKENIZER_THREADS = 1;

/** An exported graph does not say whether it is a decoder; its losses do. */
async function refuseNonCausal(sessions: SessionPool, vocabSize: number): Promise<void> {
  const { feeds, check } = causalityProbe(vocabSize);
  check((await sessions.run(feeds))['loss']!.data as Float32Array);
}

async function* each(units: readonly number[]): AsyncGenerator<number, void, undefined> {
  for (const unit of units) yield await Promise.resolve(unit);
}

async function* limited(items: AsyncIterable<CorpusItem>, limit: number | undefined): AsyncGenerator<CorpusItem, void, undefined> {
  let taken = 0;
  for await (const item of items) {
    if (taken === limit) return;
    yield item;
    taken++;
    if (taken === limit) return;
  }
}

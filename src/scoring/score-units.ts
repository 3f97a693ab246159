import { assertUnchanged } from '../corpus/corpus-file.js';
import { readUnit } from '../corpus/read-unit.js';
import { messageOf } from '../errors.js';
import { causalityProbe } from '../graph/foreign/causality.js';
import type { CorpusItem } from '../records.js';
import { readUnitCommit, type Commit } from '../run/commits.js';
import { clearFailure } from '../run/failure-record.js';
import { AllDevicesLost, type LostDevice } from '../runtime/device-faults.js';
import { HungWorker } from '../runtime/hung-worker.js';
import { leftToCpu, type PlacedOperator } from '../runtime/placement.js';
import type { SessionPool } from '../runtime/session-pool.js';
import { inTurn } from '../stream/in-turn.js';
import { mapOrdered } from '../stream/map-ordered.js';
import { resolveBatchTokens } from './batching.js';
import { openEarlierRows } from './earlier-runs.js';
import type { ScoreOptions } from './options.js';
import type { Prepared } from './prepare.js';
import { trackProgress } from './progress.js';
import type { ScoreHooks } from './score-events.js';
import { deviceTitle, leavesToCpu, openScoringSessions, type Share } from './scoring-sessions.js';
import { scoreUnit, type UnitContext } from './score-unit.js';
import { openTokenizers, tokenizerThreads } from './tokenizer-workers.js';
import { attemptUnit } from './unit-attempts.js';
import { recordFailure, unitsFailed, type FailedUnit } from './unit-failures.js';

/** Units under way at once: while the last batches of one are computed, the next is read and tokenized. */
const UNITS_AT_ONCE = 2;
/** A file system that had a bad moment gets this long, then twice as long. */
const FIRST_PAUSE_MS = 500;
/** Where so many units fail and not one has succeeded, none of the others is tried. */
const HOPELESS_UNITS = 3;

/**
 * Scores the units in this order. One that fails at every attempt leaves a record and the others go on; its record is removed when it is scored. Returns
 * how many were scored.
 * @throws TouchstoneError that names the failed units once all others are scored, or the first error that is no unit's fault
 */
export async function scoreUnits(
  prepared: Prepared,
  options: ScoreOptions,
  units: readonly number[],
  share: Share,
  { signal, onEvent = () => undefined }: ScoreHooks,
): Promise<number> {
  const { plan, tokenizerPath } = prepared;
  const { run } = options.output;
  const { unitAttempts } = options.runtime;
  const batchTokens = resolveBatchTokens(options.runtime.batchTokens, plan.model.device);
  const note = (text: string): void => { onEvent({ kind: 'note', text }); };
  const onLost = ({ device, reason }: LostDevice, what = ''): void => { note(`${deviceTitle(device, prepared.devices)} is lost and is not used again: ${reason}${what}`); };
  const sessions = await openScoringSessions(prepared.graph, prepared, options.runtime, share, onLost);
  const earlier = await openEarlierRows(prepared.reuse, plan, note, signal).catch(async (error: unknown) => {
    await sessions.close();
    throw error;
  });
  const encoders = tokenizerThreads(plan.model.device, share.threads);
  const tokenizers = openTokenizers(tokenizerPath, encoders, { bytes: plan.output.stats.bytes });

  // The first error that is no unit's fault stops the others at their next batch.
  const stop = new AbortController();
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  const progress = trackProgress(prepared.units, units, (state) => {
    onEvent({ kind: 'progress', progress: state });
  });
  const context: UnitContext = {
    run,
    plan,
    encode: tokenizers.encode,
    encodeConcurrency: encoders + 1,
    sessions,
    devices: prepared.devices,
    earlier,
    batchTokens,
    nonfiniteLimited: options.thresholds.maxNonfinite !== null,
    signal: stopped,
    checkInputs: async (unit) => {
      for (const { file } of prepared.units[unit]!.slices) await assertUnchanged(prepared.files[file]!);
    },
    progress,
  };
  const attempt = async (unit: number): Promise<Commit> => {
    progress.begin(unit);
    const items = readUnit(prepared.units[unit]!, prepared.files, plan.corpus, { signal: stopped, onBytes: (bytes) => { progress.read(unit, bytes); } });
    return await scoreUnit(unit, limited(items, plan.corpus.units[unit]!.limitDocs), context);
  };

  const failed: FailedUnit[] = [];
  /** Units whose turn has come and gone, however it ended; those under way when the loop stops are waited for and count as well. */
  const ended = { scored: 0, inAll: 0 };
  try {
    if (plan.model.kind === 'onnx') await refuseNonCausal(sessions, plan.model.vocabSize);
    if (leavesToCpu(plan)) cpuNotes(await sessions.placement()).forEach(note);
    for await (const outcome of mapOrdered(inTurn(units), UNITS_AT_ONCE, async (unit): Promise<UnitOutcome> => {
      ended.inAll++;
      try {
        const standing = await readUnitCommit(run, plan, unit);
        if (standing !== undefined) return { kind: 'others', commit: standing };
        const outcome = await attemptUnit({
          most: unitAttempts,
          attempt: () => attempt(unit),
          doneByOthers: () => readUnitCommit(run, plan, unit),
          onFailed: (tried, error) => {
            onEvent({ kind: 'failed', unit, attempt: tried, attempts: unitAttempts, message: messageOf(error) });
          },
          onDeviceLost: (error) => { onLost(error, `; unit ${unit} is tried again on the other devices`); },
          signal: stopped,
          firstPauseMs: FIRST_PAUSE_MS,
        });
        if ('done' in outcome) {
          ended.scored++;
          await clearFailure(run, unit);
          return { kind: 'scored', commit: outcome.done };
        }
        await recordFailure(run, { unit, error: outcome.error }, outcome.attempts);
        return { kind: 'failed', unit, error: outcome.error };
      } catch (error) {
        const first = !stopped.aborted;
        stop.abort(error);
        // It ends the command, and would end the next one just so if its unit came first again.
        if (first && (error instanceof HungWorker || error instanceof AllDevicesLost)) await recordFailure(run, { unit, error }, 1).catch(() => undefined);
        throw error;
      }
    })) {
      if (outcome.kind === 'failed') {
        failed.push(outcome);
        progress.passedOver(outcome.unit);
        if (ended.scored === 0 && failed.length === HOPELESS_UNITS) {
          stop.abort();
          break;
        }
        continue;
      }
      progress.committed(outcome.commit);
      onEvent({ kind: 'unit', commit: outcome.commit });
    }
  } catch (error) {
    // With units side by side, the one in front may only report that it was stopped.
    if (signal?.aborted !== true && stop.signal.aborted) throw stop.signal.reason;
    throw error;
  } finally {
    await Promise.all([sessions.close(), tokenizers.close(), earlier?.close()]);
  }
  if (failed.length > 0) throw unitsFailed(failed, unitAttempts, units.length - ended.inAll);
  return ended.scored;
}

type UnitOutcome = { readonly kind: 'scored' | 'others'; readonly commit: Commit } | (FailedUnit & { readonly kind: 'failed' });

/** An exported graph does not say whether it is a decoder; its losses do. */
async function refuseNonCausal(sessions: SessionPool, vocabSize: number): Promise<void> {
  const { feeds, check } = causalityProbe(vocabSize);
  check((await sessions.run(feeds))['loss']!.data as Float32Array);
}

/** Nothing of a run on CUDA is computed elsewhere without a word. */
function cpuNotes(placed: readonly PlacedOperator[]): string[] {
  const names = leftToCpu(placed).map(({ operator }) => operator);
  return names.length === 0 ? [] : [`CUDA has no kernel for ${names.join(', ')} of this model, which the CPU computes instead: expect much less than the device could do`];
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

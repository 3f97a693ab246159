import { needsCalibration, readCalibration, setCalibrationAside, writeCalibration, type Calibration } from '../../run/calibration-record.js';
import { CALIBRATION_NAME } from '../../run/layout.js';
import { batchOptions, resolveBatchTokens } from '../batching.js';
import type { LostDevice } from '../../runtime/device-faults.js';
import type { ScoreOptions } from '../options.js';
import type { Prepared } from '../prepare.js';
import { deviceTitle, openScoringSessions, type Share } from '../scoring-sessions.js';
import { calibrate } from './calibrate.js';
import { drawSample } from './sample.js';

export interface CalibrationHooks {
  readonly note: (text: string) => void;
  /** Called before anything is measured. */
  readonly onMissing: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The calibration of a run, measured where it has none yet; null for float32. Of several processes that measure at once the first one's stands for all.
 * @throws TouchstoneError as drawSample and calibrate do
 */
export async function calibrateRun(prepared: Prepared, { output: { run }, runtime, thresholds }: ScoreOptions, share: Share, { note, onMissing, signal }: CalibrationHooks): Promise<Calibration | null> {
  const { plan, graph, exactGraph } = prepared;
  const { precision, device } = plan.model;
  if (!needsCalibration(plan)) return null;
  const standing = await readCalibration(run, plan);
  if (standing.kind === 'record') return standing.value;
  await onMissing();
  if (standing.kind === 'damaged') {
    note(`${CALIBRATION_NAME} cannot be used: ${standing.problem}; it is measured again`);
    await setCalibrationAside(run, plan);
  }
  const sample = await drawSample(prepared, signal);
  note(`comparing ${precision} with float32 on ${sample.documents} documents of the corpus, ${sample.tokens} tokens`);
  const onDeviceLost = (lost: LostDevice): void => { note(`${deviceTitle(lost.device, prepared.devices)} is lost and is not used again: ${lost.reason}`); };
  const calibration = await calibrate(sample, {
    precision,
    openExact: async () => await openScoringSessions(await exactGraph(), prepared, runtime, share, onDeviceLost),
    openApproximate: () => openScoringSessions(graph, prepared, runtime, share, onDeviceLost),
    nonfiniteLimited: thresholds.maxNonfinite !== null,
    onDeviceLost,
    batches: { ...batchOptions(plan, resolveBatchTokens(runtime.batchTokens, device)), stats: { entropy: false, top1: false } },
    signal,
  });
  return await writeCalibration(run, plan, calibration);
}

import { deviceLabel } from '../runtime/device-faults.js';
import { runtimeVersion } from '../runtime/version.js';
import { toolIdentity } from '../tool.js';
import { continuedEvaluation } from './evaluation-identity.js';
import type { TrainOptions } from './options.js';
import type { PreparedTraining } from './prepare-training.js';
import { readRunRecord, type RunRecord } from './run-record.js';
import { writtenOptions } from './written-options.js';

export interface DescribedRun {
  readonly record: RunRecord;
  /** What the user should know; one sentence each. */
  readonly notes: readonly string[];
}

/** The record of a run as it begins or goes on; one that goes on keeps the held-out sets it had. Throws as readRunRecord and continuedEvaluation do. */
export async function describeRun(options: TrainOptions, { settings, settingsHash, compute, data, evaluationSets }: PreparedTraining, resumed: boolean): Promise<DescribedRun> {
  const { folder } = options.output;
  const earlier = resumed ? await readRunRecord(folder) : undefined;
  const { sets, notes } = continuedEvaluation(folder, earlier?.evaluation ?? evaluationSets, evaluationSets);
  const tool = { ...toolIdentity(), onnxruntime: runtimeVersion(), node: process.versions.node, platform: `${process.platform} ${process.arch}` };
  return {
    record: { formatVersion: 1, tool, device: deviceLabel(compute.device), settings, settingsHash, options: writtenOptions(options), data, evaluation: sets },
    notes,
  };
}

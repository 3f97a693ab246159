import type { Device } from '../records.js';
import { deviceLabel, type LostDevice } from '../runtime/device-faults.js';
import type { SessionSpec } from '../runtime/protocol.js';
import { openSessionPool, type SessionPool } from '../runtime/session-pool.js';
import { resolveBatchTokens, warmUpBatches } from './batching.js';
import type { Plan } from '../run/plan.js';
import type { ScoreOptions } from './options.js';
import type { Prepared } from './prepare.js';
import type { ScoringGraph } from './reference-model.js';
import { batchFeeds } from './run-batch.js';

export interface Share {
  readonly threads: number;
  /** Sessions on each device. */
  readonly workers: number;
}

/** "cuda:1 (NVIDIA H100)" */
export function deviceTitle(device: Device, devices: Prepared['devices']): string {
  const label = deviceLabel(device);
  const record = devices.find((known) => deviceLabel(known.device) === label)?.record;
  return `${label}${record?.kind === 'cuda' ? ` (${record.name})` : ''}`;
}

/** Sessions of a graph on the devices of a run; `onLost` hears of those that break while they are made. */
export async function openScoringSessions(
  graph: ScoringGraph,
  { plan, devices }: Pick<Prepared, 'plan' | 'devices'>,
  { batchTokens, batchTimeout }: ScoreOptions['runtime'],
  share: Share,
  onLost: (lost: LostDevice) => void,
): Promise<SessionPool> {
  const warmUp = warmUpBatches(plan, resolveBatchTokens(batchTokens, plan.model.device));
  return await openSessionPool(sessionSpecs(graph, devices, share, leavesToCpu(plan)), { runTimeoutMs: batchTimeout * 1000, onLost, warmUp: warmUp.map(batchFeeds) });
}

/** Whether the runtime may compute some of the graph on the CPU although the run is on CUDA. Graphs built here hold nothing it would; see test:cuda. */
export function leavesToCpu({ model: { kind, device } }: Pick<Plan, 'model'>): boolean {
  return kind === 'onnx' && device === 'cuda';
}

/** `workers` sessions on each device, which share the threads. Busy-waiting pays only for a lone session that computes with its threads. */
function sessionSpecs(graph: ScoringGraph, devices: Prepared['devices'], { threads, workers }: Share, profiled: boolean): SessionSpec[] {
  const share = Math.max(1, Math.floor(threads / (workers * devices.length)));
  const spin = workers === 1 && devices.every(({ device }) => device.kind === 'cpu');
  return devices.flatMap(({ device }) => Array.from({ length: workers }, () => ({ ...graph, device, threads: share, spin, profiled })));
}

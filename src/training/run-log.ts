import { join } from 'node:path';
import { createFolder } from '../run/folder.js';
import { replaceFile } from '../run/replace-file.js';
import { closeAfter } from '../stream/close-after.js';
import { curvesHtml } from './metrics/curves-html.js';
import { MetricsLog, readMetrics } from './metrics/metrics-log.js';
import type { StepMetrics } from './metrics/step-metrics.js';
import { EventFile } from './metrics/tensorboard.js';

/** What a training run says of itself while it runs: metrics.jsonl and TensorBoard events, and a page of curves at the end. */
export interface RunLog {
  record(metrics: StepMetrics): Promise<void>;
  /** Makes what was recorded durable; called before a checkpoint. */
  sync(): Promise<void>;
  /** Draws curves.html from every step of the run, earlier commands included; returns its path. */
  drawCurves(title: string): Promise<string>;
  close(): Promise<void>;
}

/** @param throughStep the step of the checkpoint that the run goes on from; later records of an interrupted run are dropped. null = a new run */
export async function openRunLog(folder: string, throughStep: number | null): Promise<RunLog> {
  await createFolder(folder);
  const path = join(folder, 'metrics.jsonl');
  const log = await MetricsLog.open(path, throughStep);
  const events = await EventFile.open(folder, throughStep, Date.now() / 1000).catch(async (error: unknown) => {
    await log.close().catch(() => undefined);
    throw error;
  });
  return {
    async record(metrics) {
      await log.append(metrics);
      await events.append(metrics, Date.now() / 1000);
    },
    sync: () => log.sync(),
    async drawCurves(title) {
      const page = join(folder, 'curves.html');
      await replaceFile(page, Buffer.from(curvesHtml({ title, records: await readMetrics(path) })));
      return page;
    },
    close: () => closeAfter(() => log.close(), () => events.close()),
  };
}

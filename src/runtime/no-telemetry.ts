import { isMainThread } from 'node:worker_threads';

const VARIABLE = 'ORT_DISABLE_TELEMETRY';

/**
 * Keeps onnxruntime from telling its maker about this machine: from 1.29 on, its Linux library makes an identity for the device below ~/.cache, writes names of graphs,
 * processor, timings and errors beside it, and sends them when there is a network. This program asks nobody's consent for that, so it does not do it; who sets the
 * variable to 0 wants it.
 *
 * It must be called before the first session of a process, and on the main thread: there an assignment to process.env reaches the environment that native code reads.
 */
export function declineTelemetry(): void {
  if (isMainThread) process.env[VARIABLE] ??= '1';
}

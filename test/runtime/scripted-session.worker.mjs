// A session that does what its model, a JSON text, says: per device label, what each run in turn throws (null = it succeeds); `slow` devices take 60 ms a run and note
// when it is done.
import { appendFileSync } from 'node:fs';
import { workerData } from 'piscina';

const { log, faults } = JSON.parse(workerData.model);
const label = workerData.device.kind === 'cpu' ? 'cpu' : `cuda:${workerData.device.id}`;
const script = [...(faults[label] ?? [])];
const note = (what) => appendFileSync(log, `${label} ${what}\n`);

export default async function handle(task) {
  note(task.kind);
  if (task.kind === 'open') {
    if (faults[`open ${label}`] !== undefined) throw new Error(faults[`open ${label}`]);
    return { inputs: ['x'], outputs: ['y'], loadSeconds: 0 };
  }
  if (task.kind !== 'run') return null;
  const fault = script.shift() ?? null;
  if (fault !== null) throw new Error(fault);
  if (faults.slow?.includes(label)) {
    await new Promise((resolve) => setImmediate(resolve)); // as the runtime's binding does
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
    note('done');
  }
  return task.feeds;
}

import { messageOf, TouchstoneError } from '../errors.js';
import type { Device } from '../records.js';
import { deviceFaultOf, deviceLabel, faultText } from './device-faults.js';

/** The CUDA context of the only device broke; its session must not even be freed, which calls into the broken context. */
export class TrainingDeviceLost extends TouchstoneError {}

/** What a call that failed says in the words of training; the error itself where no device is to blame. */
export function statefulFault(device: Device, error: unknown): unknown {
  if (device.kind === 'cpu') return error;
  const fault = deviceFaultOf(messageOf(error));
  const reason = faultText(messageOf(error));
  if (fault === 'lost') {
    return new TrainingDeviceLost('retryable', `${deviceLabel(device)} is lost: ${reason}`, {
      advice: 'Run the same command again with --resume: a new process gets a new CUDA context. A device that fails again is named in the kernel log (dmesg, "Xid").',
      cause: error,
    });
  }
  if (fault === 'memory') {
    return new TouchstoneError('io', `${deviceLabel(device)} has run out of memory (${reason})`, {
      advice: 'Lower batch.sequences, and raise batch.accumulation by as much for the same batch; or free the memory that other processes hold on the device (nvidia-smi lists them).',
      cause: error,
    });
  }
  return error;
}

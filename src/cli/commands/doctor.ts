import { TouchstoneError } from '../../errors.js';
import type { DeviceChoice } from '../../records.js';
import { chooseCpu, chooseDevices, readyDevices } from '../../runtime/cuda/choose-devices.js';
import { diagnoseCuda, type CudaDiagnosis } from '../../runtime/cuda/diagnose.js';
import { deviceLabel } from '../../runtime/device-faults.js';
import { describeProcessor } from '../../runtime/processor.js';
import { runtimeVersion } from '../../runtime/version.js';
import { tryDevice, type Trial } from '../../scoring/trial.js';
import { toolIdentity } from '../../tool.js';
import { deviceChoice } from '../device-choice.js';
import { machineText, trialText, verdictText } from '../doctor-text.js';

export interface DoctorFlags {
  readonly device?: string;
  readonly json?: boolean;
}

/** Prints what was found, then what works; throws where the CPU, or the device that was asked for, does not. */
export async function printDoctor({ device, json = false }: DoctorFlags): Promise<void> {
  const asked = device === undefined ? null : deviceChoice(device);
  const write = (text: string): void => {
    if (!json) process.stdout.write(text);
  };
  const machine = { node: process.version, onnxruntime: runtimeVersion(), processor: await describeProcessor(), cuda: await diagnoseCuda() };
  // Before anything is loaded: what is found stands there even if a library then ends the process.
  write(machineText(machine));
  const trials: Trial[] = [];
  for await (const trial of tryAll(machine.cuda)) {
    trials.push(trial);
    write(trialText(trial));
  }
  const works = trials.filter(({ problem }) => problem === null).map(({ device }) => deviceLabel(device));
  if (json) process.stdout.write(`${JSON.stringify({ tool: toolIdentity(), ...machine, trials, works })}\n`);
  write(verdictText(machine.cuda, trials));
  await judge(asked, machine.cuda, trials);
}

async function* tryAll(cuda: CudaDiagnosis): AsyncGenerator<Trial, void, undefined> {
  for (const computer of chooseCpu().devices) yield await tryDevice(computer);
  if (!cuda.usable) return;
  const { devices } = await chooseDevices({ kind: 'cuda', ids: cuda.devices.map(({ id }) => id) }, () => Promise.resolve(cuda));
  readyDevices({ diagnosis: cuda });
  for (const computer of devices) yield await tryDevice(computer);
}

async function judge(asked: DeviceChoice | null, cuda: CudaDiagnosis, trials: readonly Trial[]): Promise<void> {
  if (asked?.kind === 'cuda' && !cuda.usable) {
    throw new TouchstoneError('io', 'CUDA was asked for and does not work on this machine', { advice: 'What is missing or wrong stands among the findings.' });
  }
  const chosen = asked?.kind === 'cuda' ? await chooseDevices(asked, () => Promise.resolve(cuda)) : null;
  const needed = ['cpu', ...(chosen?.devices.map(({ device }) => deviceLabel(device)) ?? [])];
  const failed = trials.find(({ device, problem }) => problem !== null && needed.includes(deviceLabel(device)));
  if (failed === undefined) return;
  throw new TouchstoneError('io', `${deviceLabel(failed.device)} does not work: ${failed.problem!}`, {
    advice: failed.device.kind === 'cpu' ? 'npm ci installs the program anew.' : '--device cpu does without it.',
  });
}

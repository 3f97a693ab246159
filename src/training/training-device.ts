import type { Device } from '../records.js';
import { chooseDevices, type ChosenDevices, type DiagnoseCuda } from '../runtime/cuda/choose-devices.js';
import { deviceLabel } from '../runtime/device-faults.js';
import type { TrainOptions } from './options.js';

/** What a run is trained on. */
export interface TrainingDevice extends Pick<ChosenDevices, 'diagnosis' | 'notes'> {
  readonly device: Device;
  /** Optimizer steps that a call of the runtime takes at most. */
  readonly stepsPerCall: number;
}

/**
 * Where nobody says: on CPU weights and moments are updated in place, which nothing beats; a CUDA device gets them from the host and gives them back with every
 * call, twelve bytes a parameter each way.
 */
const STEPS_PER_CALL = { cpu: 1, cuda: 16 } as const;

/** What a user of CUDA should know before the first step. */
const UNPROVEN = 'training on CUDA is proven on CPU alone, where it gives the bits of single steps: compare the first losses with those of --device cpu. scripts/pytorch trains on the same selection with PyTorch.';

export interface DeviceSearch {
  readonly diagnose?: DiagnoseCuda | undefined;
  /** Nothing will be computed here: a device that is named need not be there. */
  readonly planOnly?: boolean;
}

/** Turns 'auto' into a device and a number of steps. @throws TouchstoneError as chooseDevices does */
export async function trainingDevice({ device, stepsPerTransfer }: Pick<TrainOptions['run'], 'device' | 'stepsPerTransfer'>, { diagnose, planOnly = false }: DeviceSearch = {}): Promise<TrainingDevice> {
  const stepsOn = (kind: Device['kind']): number => (stepsPerTransfer === 'auto' ? STEPS_PER_CALL[kind] : stepsPerTransfer);
  if (planOnly && device.kind === 'cuda') return { device: { kind: 'cuda', id: device.ids[0]! }, diagnosis: null, notes: [], stepsPerCall: stepsOn('cuda') };
  const { kind, devices, diagnosis, notes } = await chooseDevices(device, diagnose);
  const chosen = devices[0]!;
  if (chosen.record.kind === 'cpu') return { device: chosen.device, diagnosis, notes, stepsPerCall: stepsOn(kind) };
  const label = deviceLabel(chosen.device);
  return {
    device: chosen.device,
    diagnosis,
    notes: [...(device.kind === 'auto' ? [`auto chose ${label}, ${chosen.record.name}`] : []), UNPROVEN],
    stepsPerCall: stepsOn(kind),
  };
}

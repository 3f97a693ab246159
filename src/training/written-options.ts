import type { DeviceChoice } from '../records.js';
import type { TrainOptions } from './options.js';

/** Resolved settings as a settings file may hold them: `train` takes the JSON of it and comes to the same options. */
export type WrittenOptions = Readonly<Record<keyof TrainOptions, Readonly<Record<string, unknown>>>>;

/** Rooms and keys of a settings file. Seeds are numbers where they are whole ones, all of them; 'auto' stays what it is. */
export function writtenOptions(options: TrainOptions): WrittenOptions {
  const { model, data, selection, run } = options;
  return {
    ...options,
    model: { ...model, seed: writtenSeed(model.seed) },
    data: { ...data, seed: writtenSeed(data.seed) },
    selection: { ...selection },
    run: { ...run, device: deviceChoiceText(run.device) },
  };
}

/** "cpu", "auto" or "cuda:1". */
export function deviceChoiceText(choice: DeviceChoice): string {
  return choice.kind === 'cuda' ? `cuda:${choice.ids.join(',')}` : choice.kind;
}

function writtenSeed(seed: string): string | number {
  const number = Number(seed);
  return Number.isSafeInteger(number) && String(number) === seed ? number : seed;
}

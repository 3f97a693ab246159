import { device as deviceSetting } from '../config/expectations.js';
import { TouchstoneError } from '../errors.js';
import type { DeviceChoice } from '../records.js';

/** The value of --device of a command that takes no other settings. */
export function deviceChoice(text: string): DeviceChoice {
  const { data, error } = deviceSetting().safeParse(text);
  if (data === undefined) throw new TouchstoneError('usage', `--device ${error.issues[0]!.message}, got ${text}`);
  return data;
}

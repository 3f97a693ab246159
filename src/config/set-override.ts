import { parseDocument } from 'yaml';

import { messageOf } from '../errors.js';
import type { Rooms } from './command-settings.js';
import { unknownKey } from './known-keys.js';
import type { Setting, SettingsRead } from './setting.js';

/** Reads the values of --set: "room.key=value" each, the value in YAML. Relative paths in them mean `cwd`. */
export function readOverrides(rooms: Rooms, overrides: readonly string[], cwd: string): SettingsRead {
  const settings: Setting[] = [];
  const problems: string[] = [];
  for (const text of overrides) {
    const read = readOverride(rooms, text, cwd);
    if (typeof read === 'string') problems.push(`--set ${text}: ${read}`);
    else settings.push(read);
  }
  return { settings, problems };
}

/** The setting, or what is wrong with the text. */
function readOverride(rooms: Rooms, text: string, cwd: string): Setting | string {
  const equals = text.indexOf('=');
  const [room = '', key = '', ...rest] = text.slice(0, Math.max(equals, 0)).trim().split('.');
  if (room === '' || key === '' || rest.length > 0) return 'expected room.key=value, such as windows.stride=256';
  const unknown = unknownKey(rooms, room, key);
  if (unknown !== undefined) return unknown;
  const document = parseDocument(text.slice(equals + 1), { prettyErrors: false });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) return `the value is not YAML: ${fault.message}`;
  try {
    return { key: `${room}.${key}`, value: document.toJS() as unknown, source: { kind: 'set', text }, folder: cwd };
  } catch (error) {
    return `the value is not YAML: ${messageOf(error)}`;
  }
}

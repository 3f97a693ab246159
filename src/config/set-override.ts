import { parseDocument } from 'yaml';

import { messageOf } from '../errors.js';
import type { Rooms } from './command-settings.js';
import { unknownKey } from './known-keys.js';
import type { Setting, SettingsRead } from './setting.js';
import { yamlFault } from './yaml-fault.js';

/**
 * Reads the values of --set: "room.key=value" each, the value in YAML; for one of `nestedKeys` also "room.key.inner=value". Relative paths in them mean
 * `cwd`.
 */
export function readOverrides(rooms: Rooms, overrides: readonly string[], cwd: string, nestedKeys: readonly string[] = []): SettingsRead {
  const settings: Setting[] = [];
  const problems: string[] = [];
  for (const text of overrides) {
    const read = readOverride(rooms, text, cwd, nestedKeys);
    if (typeof read === 'string') problems.push(`--set ${text}: ${read}`);
    else settings.push(read);
  }
  return { settings, problems };
}

const EXAMPLE = 'windows.stride=256';

/** The setting, or what is wrong with the text. */
function readOverride(rooms: Rooms, text: string, cwd: string, nestedKeys: readonly string[]): Setting | string {
  const equals = text.indexOf('=');
  const [room = '', key = '', ...rest] = text.slice(0, Math.max(equals, 0)).trim().split('.');
  if (room === '' || key === '' || rest.includes('')) return `expected room.key=value, such as ${EXAMPLE}`;
  const unknown = unknownKey(rooms, room, key);
  if (unknown !== undefined) return unknown;
  if (rest.length > 0 && !nestedKeys.includes(`${room}.${key}`)) {
    const nested = nestedKeys.length === 0 ? '' : `; keys of their own have ${nestedKeys.join(', ')}`;
    return `${room}.${key} holds one value and has no key ${rest.join('.')}, expected ${room}.${key}=value${nested}`;
  }
  const document = parseDocument(text.slice(equals + 1), { prettyErrors: false });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) return `the value is not YAML: ${yamlFault(fault, 'value')}`;
  try {
    return { key: `${room}.${key}`, value: document.toJS() as unknown, ...(rest.length === 0 ? {} : { within: rest }), source: { kind: 'set', text }, folder: cwd };
  } catch (error) {
    return `the value is not YAML: ${messageOf(error)}`;
  }
}

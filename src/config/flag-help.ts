import type { CommandSettings, Rooms, SettingFlag } from './command-settings.js';
import { quote } from './setting.js';

/** A flag's line in the help: what it does, the key it sets, and the value without it. */
export function flagHelp<R extends Rooms>(command: CommandSettings<R>, flag: SettingFlag): string {
  const [room = '', key = ''] = flag.key.split('.');
  const schema = command.rooms[room]?.shape[key];
  const fallback = schema?.safeParse(undefined).data;
  const mayBeLeftOut = fallback === null || schema?._zod.optin === 'optional';
  return `${flag.description} [${flag.key}, ${fallback !== undefined && fallback !== null ? `default ${key.endsWith('Bytes') ? describeBytes(fallback) : describe(fallback)}` : mayBeLeftOut ? 'optional' : 'required'}]`;
}

const MIB = 2 ** 20;

/** Bytes as a setting takes them: whole mebibytes with their unit. */
function describeBytes(value: unknown): string {
  return typeof value === 'number' && value % MIB === 0 ? `${value / MIB}MiB` : describe(value);
}

/** A default as a user would write it. */
function describe(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(describe).join(' ');
  if (typeof value === 'object' && value !== null) {
    if ('kind' in value && typeof value.kind === 'string') return value.kind;
    const chosen = Object.entries(value).filter(([, on]) => on === true).map(([word]) => word);
    return chosen.length === 0 ? 'none' : chosen.join(',');
  }
  return quote(value);
}

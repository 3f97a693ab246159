import { flagProperty, type SettingFlag } from './command-settings.js';
import type { Setting } from './setting.js';

/**
 * The settings that flags give, from the object commander hands over (--context-length under contextLength). Flags that were not given are undefined
 * there; properties of other flags (--json, --quiet) are not settings. Relative paths mean `cwd`.
 */
export function readFlags(flags: readonly SettingFlag[], given: Readonly<Record<string, unknown>>, cwd: string): Setting[] {
  return flags.flatMap((flag) => {
    const words = given[flagProperty(flag.flag)];
    if (words === undefined) return [];
    return [{ key: flag.key, value: valueOf(flag, words), source: { kind: 'flag', flag: flag.flag } as const, folder: cwd }];
  });
}

function valueOf(flag: SettingFlag, words: unknown): unknown {
  if (flag.words !== 'number' || typeof words !== 'string') return words;
  return /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(words.trim()) ? Number(words) : words;
}

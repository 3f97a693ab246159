import type { z } from 'zod';

import { TouchstoneError } from '../errors.js';
import { formatOf } from '../corpus/corpus-file.js';
import { absolutePaths } from './absolute-path.js';
import { flagProperty, keysOf, type CommandSettings, type Condition, type Rooms, type SettingValues } from './command-settings.js';
import { readFlags } from './flag-settings.js';
import { loadPipeline } from './load-pipeline.js';
import { readOverrides } from './set-override.js';
import { placeOf, quote, type Setting, type SettingsRead } from './setting.js';

/** What a user said, in the three ways there are. */
export interface SettingsInput {
  /** The YAML file, absolute or relative to `cwd`. */
  readonly pipelinePath?: string | undefined;
  /** The values of --set, in order. */
  readonly set: readonly string[];
  /** What commander parsed. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** The working directory. */
  readonly cwd: string;
}

/**
 * The settings of a command: flags before --set before YAML before defaults, checked against its schema; null unsets a key that may be left out. Throws one usage error that lists every
 * problem of all three, each with its place, the key, the expectation and the value found.
 */
export function resolveSettings<R extends Rooms>(command: CommandSettings<R>, input: SettingsInput): SettingValues<R> {
  const { cwd } = input;
  const misplaced = misplacedFile(command, input);
  if (misplaced !== undefined) throw refused(command, [misplaced]);
  const nothing: SettingsRead = { settings: [], problems: [] };
  const file = input.pipelinePath === undefined ? nothing : loadPipeline(command.rooms, input.pipelinePath, cwd);
  if (file.unreadable === true) throw refused(command, file.problems);
  const overrides = readOverrides(command.rooms, input.set, cwd, command.nestedKeys);
  const flags = readFlags(command.flags, input.flags, cwd);
  const chosen = chosenSettings([...file.settings, ...overrides.settings, ...flags].map((setting) => withPaths(command, setting)));

  const checked = checkRooms(command, chosen);
  const problems = [...file.problems, ...overrides.problems, ...checked.problems];
  for (const condition of command.conditions) {
    const problem = checkCondition(condition, checked.values, chosen);
    if (problem !== undefined) problems.push(problem);
  }
  if (problems.length > 0) throw refused(command, problems);
  return checked.values as SettingValues<R>;
}

/** A YAML file that a flag of several values has swallowed, or a corpus in the place of the YAML file, as a sentence; undefined where neither is. */
function misplacedFile<R extends Rooms>({ command, flags }: CommandSettings<R>, { pipelinePath, flags: given }: SettingsInput): string | undefined {
  if (pipelinePath !== undefined) {
    return formatOf(pipelinePath) === undefined ? undefined : `${pipelinePath} looks like a corpus, expected a YAML file with settings: pass it with --corpus`;
  }
  for (const { flag, words } of flags) {
    const values = words === 'texts' ? given[flagProperty(flag)] : undefined;
    const file = Array.isArray(values) ? values.find((value): value is string => typeof value === 'string' && /\.ya?ml$/i.test(value)) : undefined;
    if (file !== undefined) return `${file} was taken as a value of ${flag}, which takes all that follow; put it before the flags: touchstone ${command} ${file} ${flag} ...`;
  }
  return undefined;
}

function withPaths<R extends Rooms>(command: CommandSettings<R>, setting: Setting): Setting {
  if (!command.pathKeys.includes(setting.key)) return setting;
  return { ...setting, value: absolutePaths(setting.value, setting.folder, command.globKeys.includes(setting.key)) };
}

/** The setting of each key: later ones replace earlier ones, or are put into them. */
function chosenSettings(settings: readonly Setting[]): Map<string, Setting> {
  const chosen = new Map<string, Setting>();
  for (const setting of settings) {
    const { key, value, within } = setting;
    const earlier = chosen.get(key);
    chosen.set(key, within === undefined ? setting : { ...(earlier ?? setting), source: setting.source, value: valueWithin(earlier?.value, within, value) });
  }
  return chosen;
}

/** A copy of `outer` in which the key at the end of `path` has the value; what is no object on the way gives way to one. */
function valueWithin(outer: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const entries = typeof outer === 'object' && outer !== null && !Array.isArray(outer) ? Object.entries(outer) : [];
  const inner = entries.find(([name]) => name === key)?.[1] as unknown;
  return Object.fromEntries([...entries.filter(([name]) => name !== key), [key, valueWithin(inner, rest, value)]]);
}

interface Checked<R extends Rooms> {
  /** The rooms in which everything is sound. */
  readonly values: Partial<SettingValues<R>>;
  readonly problems: readonly string[];
}

function checkRooms<R extends Rooms>(command: CommandSettings<R>, chosen: ReadonlyMap<string, Setting>): Checked<R> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [room, schema] of Object.entries(command.rooms)) {
    const given = keysOf(command.rooms, room).flatMap((key) => {
      const setting = chosen.get(`${room}.${key}`);
      return setting === undefined || unsets(schema.shape[key]!, setting.value) ? [] : [[key, setting.value] as const];
    });
    const parsed = schema.safeParse(Object.fromEntries(given));
    if (parsed.success) values[room] = parsed.data;
    else problems.push(...new Set(parsed.error.issues.map((issue) => describeIssue(command, chosen, room, issue))));
  }
  return { values: values as Partial<SettingValues<R>>, problems };
}

/** Whether null takes back what a weaker source gave: so it is for keys that may be left out and have no default. */
function unsets(schema: z.ZodType, value: unknown): boolean {
  return value === null && schema._zod.def.type === 'optional';
}

/** `issue.path` is [key, ...] within the room; its message is an expectation. */
function describeIssue<R extends Rooms>(
  command: CommandSettings<R>,
  chosen: ReadonlyMap<string, Setting>,
  room: string,
  issue: { readonly path: readonly PropertyKey[]; readonly message: string },
): string {
  const key = `${room}.${String(issue.path[0])}`;
  const setting = chosen.get(key);
  if (setting === undefined) return describeMissing(command, key);
  const entry = issue.path[1];
  const isEntry = typeof entry === 'number' && Array.isArray(setting.value);
  const found: unknown = isEntry ? (setting.value as unknown[])[entry] : setting.value;
  const place = placeOf(setting.source, isEntry ? entry : undefined);
  return `${place}: ${key}${isEntry ? `[${entry}]` : ''} ${issue.message}, got ${quote(found)}`;
}

function describeMissing<R extends Rooms>(command: CommandSettings<R>, key: string): string {
  const flag = command.flags.find((one) => one.key === key);
  const pass = flag === undefined ? '' : `pass ${flag.flag} ${flag.argument} or `;
  return `no ${command.requiredNames[key] ?? key} is given: ${pass}set ${key} in the YAML file`;
}

function checkCondition<R extends Rooms>(
  condition: Condition<R>,
  values: Partial<SettingValues<R>>,
  chosen: ReadonlyMap<string, Setting>,
): string | undefined {
  if (condition.rooms.some((room) => values[room] === undefined)) return undefined;
  const expectation = condition.broken(values as SettingValues<R>);
  if (expectation === undefined) return undefined;
  const setting = chosen.get(condition.key);
  const place = setting === undefined ? '' : `${placeOf(setting.source)}: `;
  const [room = '', key = ''] = condition.key.split('.');
  const found = setting === undefined ? (values[room] as Readonly<Record<string, unknown>>)[key] : setting.value;
  return `${place}${condition.key} ${expectation}, got ${quote(found)}`;
}

function refused<R extends Rooms>(command: CommandSettings<R>, problems: readonly string[]): TouchstoneError {
  const message = problems.length === 1 ? problems[0]! : `${problems.length} settings are wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`;
  return new TouchstoneError('usage', message, { advice: `touchstone ${command.command} --help lists every flag with its key.` });
}

import type { z } from 'zod';

/** A flag of the command line that gives the value of one key. */
export interface SettingFlag {
  /** "--context-length" */
  readonly flag: string;
  /** "windows.contextLength" */
  readonly key: string;
  /** "<tokens>"; a name that ends in ... takes several values. */
  readonly argument: string;
  /** One line for the help; the default is not part of it. */
  readonly description: string;
  /** How the words of the command line become a value: 'number' keeps a word that is no number as text ("auto", "64MiB"). */
  readonly words: 'text' | 'number' | 'texts';
}

export type Rooms = Readonly<Record<string, z.ZodObject<Readonly<Record<string, z.ZodType>>>>>;

/** What a command can be told, in YAML, by --set and by flags. Each command has one; the loader knows none of them. */
export interface CommandSettings<R extends Rooms> {
  /** "score" */
  readonly command: string;
  /**
   * One strict schema per room. A key without a default is required. Its messages are expectations ("must be a whole number of at least 1"): the
   * loader puts place and key before them and the value found behind.
   */
  readonly rooms: R;
  readonly flags: readonly SettingFlag[];
  /** Keys whose texts are paths: made absolute from the YAML's folder or, for --set and flags, from the working directory. */
  readonly pathKeys: readonly string[];
  /** Keys among these whose texts may be globs. */
  readonly globKeys: readonly string[];
  /** Keys that hold keys of their own, which --set can give one by one: "model.init". */
  readonly nestedKeys?: readonly string[];
  /** What a required key is called when it is missing: "corpus". */
  readonly requiredNames: Readonly<Record<string, string>>;
  /** Conditions over several keys of rooms that are sound by themselves. */
  readonly conditions: readonly Condition<R>[];
}

/** A condition between keys. `key` is the one that is named first where it fails. */
export interface Condition<R extends Rooms> {
  readonly rooms: readonly (keyof R & string)[];
  readonly key: string;
  /** The expectation where it is broken ("must be at most ..."), else undefined. Only called with sound values of `rooms`. */
  readonly broken: (values: SettingValues<R>) => string | undefined;
}

export type SettingValues<R extends Rooms> = { readonly [Room in keyof R]: z.output<R[Room]> };

/** The keys of a room, in the order of its schema. */
export function keysOf(rooms: Rooms, room: string): string[] {
  return Object.keys(rooms[room]?.shape ?? {});
}

/** Every "room.key". */
export function allKeys(rooms: Rooms): string[] {
  return Object.keys(rooms).flatMap((room) => keysOf(rooms, room).map((key) => `${room}.${key}`));
}

/** The property under which commander hands over a flag: "--context-length" is contextLength. */
export function flagProperty(flag: string): string {
  return flag.replace(/^--/, '').replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

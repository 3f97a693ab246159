/** Where a value came from, as far as an error has to name it. */
export type SettingSource =
  | { readonly kind: 'file'; readonly file: string; readonly line: number; /** Lines of a list's entries. */ readonly entryLines: readonly number[] }
  | { readonly kind: 'set'; readonly text: string }
  | { readonly kind: 'flag'; readonly flag: string };

/** One value for one key, before it is checked. */
export interface Setting {
  /** "windows.stride" */
  readonly key: string;
  readonly value: unknown;
  /** Keys within the key: ["hidden_size"] for model.init.hidden_size. The value then is put into what the key holds already. */
  readonly within?: readonly string[];
  readonly source: SettingSource;
  /** Absolute; what relative paths in the value mean. */
  readonly folder: string;
}

/** What one source says: the values it gives, and what cannot be understood in it, each a sentence that begins with the place. */
export interface SettingsRead {
  readonly settings: readonly Setting[];
  readonly problems: readonly string[];
  /** Nothing could be read: what is missing elsewhere may stand in here. */
  readonly unreadable?: boolean;
}

/** "pipeline.yaml:7", "--set windows.stride=x" or "--stride"; `entry` is the position in a list. */
export function placeOf(source: SettingSource, entry?: number): string {
  switch (source.kind) {
    case 'file':
      return `${source.file}:${(entry === undefined ? undefined : source.entryLines[entry]) ?? source.line}`;
    case 'set':
      return `--set ${source.text}`;
    case 'flag':
      return source.flag;
  }
}

/** Longest value that is quoted whole. */
const QUOTED_CHARACTERS = 80;

/** A value as an error quotes it: JSON, and what JSON has no word for (NaN, infinities) as it is; cut after 80 characters. */
export function quote(value: unknown): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value);
  return text.length <= QUOTED_CHARACTERS ? text : `${text.slice(0, QUOTED_CHARACTERS)}…`;
}

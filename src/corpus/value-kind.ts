/** A value that JSON does not have, such as a Parquet timestamp. */
export class ForeignValue {
  /** With its article: "a timestamp". */
  readonly description: string;

  constructor(description: string) {
    this.description = description;
  }
}

/** A value's type in words, with its article. */
export function describe(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (value instanceof ForeignValue) return value.description;
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

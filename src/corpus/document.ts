import { constants } from 'node:buffer';
import { hash } from 'node:crypto';
import type { CorpusItem, Origin } from '../records.js';
import { documentId } from './document-id.js';
import { leftOut } from './left-out.js';
import { describe } from './value-kind.js';

/** Which fields of a record make a document. */
export interface ReadOptions {
  /** One field, or several joined by a newline; at least one. Fields are top-level names. */
  readonly textField: readonly string[];
  /** A string, or an integer (written in decimal). Absent or null: the id is "<recorded file name>:<byte offset or row>". */
  readonly idField: string;
  /** Used where it is a string of well-formed Unicode; for anything else, null or absent the source is the recorded file name. */
  readonly sourceField: string;
  /** A longer line, whole-file document or Parquet text, in bytes of uncompressed UTF-8 (line end excluded), is quarantined; never more than longestText. */
  readonly maxLineBytes: number;
}

/** V8 has no string of more UTF-16 units (512 Mi); a UTF-8 text has at least as many bytes as units. */
export const longestText = constants.MAX_STRING_LENGTH;

/** The fields of one record of the input, whatever its format; undefined where the record has no such field. */
export interface RecordFields {
  /** In the order of ReadOptions.textField. */
  readonly texts: readonly unknown[];
  readonly id: unknown;
  readonly source: unknown;
  /** Of every field the record has: for the message that it lacks one. */
  readonly names: () => readonly string[];
  /** The digits of a number id as they stand in the input, where the value may have lost some. */
  readonly idDigits?: () => string | undefined;
}

/** The document a record makes, or why it makes none. */
export function documentOf(fields: RecordFields, origin: Origin, options: ReadOptions): CorpusItem {
  const id = documentId(fields.id, origin, fields.idDigits);
  if (id.kind === 'invalid') return leftOut('invalid-id', origin, `field ${JSON.stringify(options.idField)} is ${id.found}, expected a string or an integer`);
  const known = id.kind === 'given' ? id.id : undefined;

  for (const [i, value] of fields.texts.entries()) {
    const field = JSON.stringify(options.textField[i]);
    if (value === undefined) return leftOut('missing-text', origin, `the record has no field ${field}${otherFields(fields.names())}`, known);
    if (typeof value !== 'string') return leftOut('text-not-a-string', origin, `field ${field} is ${describe(value)}, expected a string`, known);
    if (!value.isWellFormed()) return leftOut('lone-surrogate', origin, `field ${field} has a lone surrogate at ${loneSurrogate(value)}`, known);
  }
  const texts = fields.texts as readonly string[];
  if (texts.every((text) => text === '')) return leftOut('empty-text', origin, 'the text is empty', known);

  const text = texts.length === 1 ? texts[0]! : texts.join('\n');
  const source = typeof fields.source === 'string' && fields.source.isWellFormed() ? fields.source : origin.file;
  return { kind: 'document', id: id.id, source, text, hash: hash('sha256', text), origin };
}

/** Names that are listed; the rest is counted. */
const NAMES_LISTED = 8;

function otherFields(names: readonly string[]): string {
  if (names.length === 0) return ', nor any other';
  const more = names.length > NAMES_LISTED ? ` and ${names.length - NAMES_LISTED} more` : '';
  return `, only ${names.slice(0, NAMES_LISTED).map((name) => JSON.stringify(name)).join(', ')}${more}`;
}

function loneSurrogate(text: string): string {
  const at = text.search(/\p{Cs}/u);
  return `character ${at} (U+${text.charCodeAt(at).toString(16).toUpperCase()})`;
}

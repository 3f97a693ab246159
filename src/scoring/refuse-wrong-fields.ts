import type { CorpusFile } from '../corpus/corpus-file.js';
import type { ReadOptions } from '../corpus/document.js';
import { readUnit } from '../corpus/read-unit.js';
import type { CorpusUnit } from '../corpus/units.js';
import { USUAL_ID_FIELD, USUAL_SOURCE_FIELD } from '../corpus/usual-fields.js';
import { TouchstoneError } from '../errors.js';
import type { LeftOut } from '../records.js';

/** Documents that are looked at, before hours are spent on a corpus without the field. */
const FIELD_PROBE = 20;

/**
 * Refuses fields that not one of the first records has: a mistyped text field would quarantine every document, a mistyped id or source be missed in silence. Id
 * and source are looked for where they have another name than the usual one, which somebody must have given them.
 * @throws TouchstoneError ('usage') that names the field and those the last of the records has
 */
export async function refuseWrongFields(unit: CorpusUnit | undefined, files: readonly CorpusFile[], reading: ReadOptions, signal: AbortSignal | undefined): Promise<void> {
  if (unit === undefined) return;
  const { textField, idField, sourceField } = reading;
  const refuse = async (fields: readonly string[], key: string, advice: string): Promise<void> => {
    const missing = await firstMissing(unit, files, { ...reading, textField: fields }, signal);
    if (missing === undefined) return;
    const { records, last } = missing;
    throw new TouchstoneError('usage', `corpus.${key} is ${fields.join(', ')}, and the first ${records === 1 ? 'record has' : `${records} records have`} no such field: ${last.detail} (${last.origin.file})`, { advice });
  };
  await refuse(textField, 'textField', 'Name the field that holds the text with --text-field; several, with a space between them, are joined by a newline.');
  if (idField !== USUAL_ID_FIELD) await refuse([idField], 'idField', "Name the field that holds a document's id with --id-field, or leave it out: ids are then made from file and position.");
  if (sourceField !== USUAL_SOURCE_FIELD) await refuse([sourceField], 'sourceField', "Name the field that holds a document's source with --source-field, or leave it out: the source is then the file's name.");
}

/** The first records, where every one of them lacks the field that is read as their text. */
async function firstMissing(unit: CorpusUnit, files: readonly CorpusFile[], reading: ReadOptions, signal: AbortSignal | undefined): Promise<{ readonly records: number; readonly last: LeftOut } | undefined> {
  let records = 0;
  let last: LeftOut | undefined;
  for await (const item of readUnit(unit, files, reading, { signal })) {
    if (item.kind === 'document' || item.reason !== 'missing-text') return undefined;
    last = item;
    if (++records === FIELD_PROBE) break;
  }
  return last === undefined ? undefined : { records, last };
}

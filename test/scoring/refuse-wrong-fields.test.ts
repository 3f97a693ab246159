import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findCorpusFiles } from '../../src/corpus/find-files.js';
import { planUnits } from '../../src/corpus/units.js';
import { refuseWrongFields } from '../../src/scoring/refuse-wrong-fields.js';
import { temporaryFolder, writeJsonl } from './demo-run.js';

/** The refusal of a corpus read by these fields, or undefined. */
async function refusal(path: string, fields: { readonly textField?: readonly string[]; readonly idField?: string; readonly sourceField?: string }): Promise<string | undefined> {
  const { files } = await findCorpusFiles({ paths: [path] });
  const [unit] = await planUnits(files, { unitBytes: 1e9 });
  return await refuseWrongFields(unit, files, { textField: ['text'], idField: 'id', sourceField: 'source', maxLineBytes: 1e6, ...fields }, undefined).then(() => undefined, (error: unknown) => (error as Error).message);
}

describe('a field that not one of the first records has', () => {
  it('is refused as text, id or source, with the fields there are', async () => {
    const corpus = join(temporaryFolder(), 'a.jsonl');
    writeJsonl(corpus, Array.from({ length: 30 }, (_, key) => ({ key, text: 'a', site: null })));
    expect(await refusal(corpus, { textField: ['body'] })).toBe('corpus.textField is body, and the first 20 records have no such field: the record has no field "body", only "key", "text", "site" (a.jsonl)');
    expect(await refusal(corpus, { idField: 'nope' })).toBe('corpus.idField is nope, and the first 20 records have no such field: the record has no field "nope", only "key", "text", "site" (a.jsonl)');
    expect(await refusal(corpus, { sourceField: 'origin' })).toContain('corpus.sourceField is origin, and the first 20 records have no such field');
    expect(await refusal(corpus, { idField: 'key', sourceField: 'site' })).toBeUndefined(); // a number, and null: both are there
  });

  it('is not missed under its usual name, in text files, and where one record has it', async () => {
    const folder = temporaryFolder();
    writeJsonl(join(folder, 'a.jsonl'), [{ text: 'a' }, { text: 'b', uuid: 'x' }]);
    expect(await refusal(join(folder, 'a.jsonl'), {})).toBeUndefined();
    expect(await refusal(join(folder, 'a.jsonl'), { idField: 'uuid' })).toBeUndefined();
    writeFileSync(join(folder, 'b.txt'), 'text');
    expect(await refusal(join(folder, 'b.txt'), { idField: 'uuid' })).toBeUndefined();
  });
});

import { createHash } from 'node:crypto';
import { findCorpusFiles } from '../../corpus/find-files.js';
import { readUnit } from '../../corpus/read-unit.js';
import { planUnits } from '../../corpus/units.js';
import { TouchstoneError } from '../../errors.js';
import type { LeftOut, TokenizedDocument } from '../../records.js';
import { hashFile } from '../../stream/file-hash.js';
import type { Tokenizer } from '../../tokenizer/tokenizer.js';

const MAX_LINE_BYTES = 2 ** 26;
const UNIT_BYTES = 2 ** 26;
/** Documents that are tokenized at a time. */
const BLOCK = 256;

/** Every document of a corpus as token ids, in memory: 4 bytes a token. Throws a data error for a document that cannot be read, and for a corpus without documents. */
export async function readDocuments(paths: readonly string[], textField: readonly string[], tokenizer: Tokenizer): Promise<TokenizedDocument[]> {
  const { files } = await findCorpusFiles({ paths });
  const documents: TokenizedDocument[] = [];
  for (const unit of await planUnits(files, { unitBytes: UNIT_BYTES })) {
    let texts: { id: string; source: string; hash: string; text: string }[] = [];
    const flush = async (): Promise<void> => {
      const encoded = await tokenizer.encode(texts.map(({ text }) => text), { bytes: false });
      encoded.forEach(({ ids }, at) => {
        const { id, source, hash } = texts[at]!;
        documents.push({ kind: 'tokenized', id, source, hash, tokenIds: ids });
      });
      texts = [];
    };
    for await (const item of readUnit(unit, files, { textField, idField: 'id', sourceField: 'source', maxLineBytes: MAX_LINE_BYTES })) {
      if (item.kind === 'document') texts.push(item);
      else if (item.kind === 'quarantined') throw unreadable(item);
      if (texts.length === BLOCK) await flush();
    }
    await flush();
  }
  if (documents.length === 0) throw new TouchstoneError('data', `${paths.join(', ')} must hold documents, none of its ${files.length} files has any`);
  return documents;
}

function unreadable({ origin, reason, detail }: LeftOut): TouchstoneError {
  return new TouchstoneError('data', `${origin.file}, ${origin.positionKind} ${origin.position}: ${detail}`, {
    advice: reason === 'missing-text' ? 'Name the field that holds the text with --text-field.' : 'Training reads whole corpora only: mend the document or leave it out.',
  });
}

/** One name for the documents of a corpus as a tokenizer cuts them: equal names promise equal token ids in equal order. */
export async function hashCorpus(paths: readonly string[], textField: readonly string[], tokenizerHash: string): Promise<string> {
  const { files } = await findCorpusFiles({ paths });
  const hash = createHash('sha256').update(`${tokenizerHash} ${textField.join('\n')}\n`);
  for (const { path, location } of files) hash.update(`${(await hashFile(location)).sha256}  ${path}\n`);
  return hash.digest('hex');
}

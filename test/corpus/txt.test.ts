import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { findCorpusFiles } from '../../src/corpus/find-files.js';
import { readTxt } from '../../src/corpus/txt.js';
import { corpusFolder, readContent, readCorpus, readOptions } from './corpus-folder.js';

describe('a text file', () => {
  it('is one document: its characters as they are, without a byte order mark', async () => {
    const { path, write } = await corpusFolder();
    await write('a/one.txt', '\ufeffone\r\n\ntwo \ufeff\0');
    await write('b.txt', '{"text":"not JSON here"}\n');
    expect(await readCorpus([path])).toMatchObject([
      { kind: 'document', id: 'a/one.txt:0', source: 'a/one.txt', text: 'one\r\n\ntwo \ufeff\0', origin: { file: 'a/one.txt', position: 0, positionKind: 'byte' } },
      { kind: 'document', id: 'b.txt:0', source: 'b.txt', text: '{"text":"not JSON here"}\n' },
    ]);
  });

  it('is left out where it is empty, not UTF-8 or over the limit', async () => {
    expect(await readContent('a.txt', '')).toMatchObject([{ kind: 'skipped', reason: 'empty-text', origin: { position: 0 } }]);
    expect(await readContent('a.txt', '\ufeff')).toMatchObject([{ kind: 'skipped', reason: 'empty-text' }]);
    expect(await readContent('a.txt', Buffer.from('latin \xe9t\xe9', 'latin1'))).toMatchObject([{ reason: 'invalid-utf8', detail: 'the file is not UTF-8 at byte 6' }]);
    expect(await readContent('a.txt', '12345', { maxLineBytes: 5 })).toMatchObject([{ kind: 'document' }]);
    expect(await readContent('a.txt', '123456', { maxLineBytes: 5 })).toMatchObject([{ reason: 'line-too-long', detail: 'the file has 6 bytes, the limit is 5' }]);
  });

  it('is refused where it is not the file that was listed', async () => {
    const { write } = await corpusFolder();
    const location = await write('a.txt', 'listed');
    const { files } = await findCorpusFiles({ paths: [location] });
    await writeFile(location, 'changed since');
    await expect(readTxt(files[0]!, readOptions)).rejects.toMatchObject({ kind: 'io', message: `${location} has 13 bytes, expected 6: it changed since the corpus was listed` });
  });
});

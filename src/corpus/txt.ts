import type { CorpusItem } from '../records.js';
import { readAt } from '../stream/file-chunks.js';
import { type CorpusFile, openCorpusFile } from './corpus-file.js';
import { documentOf, longestText, type ReadOptions } from './document.js';
import { leftOut } from './left-out.js';
import { decodeUtf8, firstInvalidByte, withoutByteOrderMark } from './utf8.js';

/** The one document of a text file: its characters as they are, line ends included, but for a byte order mark. A file over the limit is not read. */
export async function readTxt(file: CorpusFile, options: ReadOptions): Promise<CorpusItem> {
  const origin = { file: file.path, position: 0, positionKind: 'byte' } as const;
  const handle = await openCorpusFile(file);
  try {
    const limit = Math.min(options.maxLineBytes, longestText);
    if (file.bytes > limit) return leftOut('line-too-long', origin, `the file has ${file.bytes} bytes, the limit is ${limit}`);
    const content = await readAt(handle, file.location, 0, file.bytes);
    const text = decodeUtf8(withoutByteOrderMark(content));
    if (text === undefined) return leftOut('invalid-utf8', origin, `the file is not UTF-8 at byte ${firstInvalidByte(content)}`);
    return documentOf({ texts: [text], id: undefined, source: undefined, names: () => [] }, origin, options);
  } finally {
    await handle.close();
  }
}

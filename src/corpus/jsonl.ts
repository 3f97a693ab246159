import type { CorpusItem, Origin } from '../records.js';
import { CorruptInput } from './corrupt-input.js';
import { documentOf, longestText, type ReadOptions } from './document.js';
import { jsonSource } from './json-source.js';
import { leftOut } from './left-out.js';
import { type Line, LineSplitter } from './lines.js';
import { decodeUtf8, firstInvalidByte, withoutByteOrderMark } from './utf8.js';
import { describe } from './value-kind.js';

/** A stream of JSON Lines, or the part of one in which certain lines begin. */
export interface JsonlStream {
  /** Recorded name of the file. */
  readonly file: string;
  /** Bytes of the stream from `from` on; a CorruptInput thrown here becomes the last item. */
  readonly chunks: AsyncIterable<Buffer>;
  /** Offset of the first chunk: `start`, or for a start inside the file the byte before it, which tells whether a line begins at `start`. */
  readonly from: number;
  /** Lines that begin in [start, end) are read. */
  readonly start: number;
  readonly end: number;
}

/**
 * The documents of a JSON Lines stream in order, in blocks of what one chunk holds. Blank lines are no documents; a carriage return before the
 * line feed and a byte order mark at byte 0 belong to no document. A line that makes no document is left out with the reason.
 */
export async function* readJsonl(stream: JsonlStream, options: ReadOptions): AsyncGenerator<readonly CorpusItem[], void, undefined> {
  const maxLineBytes = Math.min(options.maxLineBytes, longestText);
  const splitter = new LineSplitter({ offset: stream.from, maxLineBytes, skipFirst: stream.from < stream.start });
  try {
    for await (const chunk of stream.chunks) {
      const block: CorpusItem[] = [];
      for (const line of splitter.push(chunk)) {
        if (line.start >= stream.end) break;
        const item = itemOf(line, stream.file, options, maxLineBytes);
        if (item !== undefined) block.push(item);
      }
      yield block;
      if (splitter.nextStart >= stream.end) return;
    }
  } catch (error) {
    if (!(error instanceof CorruptInput)) throw error;
    const detail = `${error.message}; what the file holds from byte ${splitter.nextStart} of its text on is unknown`;
    yield [leftOut('truncated-input', originOf(stream.file, splitter.nextStart), detail)];
    return;
  }
  const last = splitter.end();
  const item = last === undefined || last.start >= stream.end ? undefined : itemOf(last, stream.file, options, maxLineBytes);
  if (item !== undefined) yield [item];
}

/** The item a line makes; undefined for a blank line. */
function itemOf(line: Line, file: string, options: ReadOptions, maxLineBytes: number): CorpusItem | undefined {
  const origin = originOf(file, line.start);
  if (line.content === undefined) return leftOut('line-too-long', origin, `the line has ${line.bytes} bytes, the limit is ${maxLineBytes}`);
  const bytes = line.start === 0 ? withoutByteOrderMark(line.content) : line.content;
  if (isBlank(bytes)) return undefined;
  const json = decodeUtf8(bytes);
  if (json === undefined) {
    const at = firstInvalidByte(bytes) + (line.content.length - bytes.length);
    return leftOut('invalid-utf8', origin, `the line is not UTF-8 at byte ${line.start + at}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return leftOut('malformed-json', origin, `the line is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return leftOut('not-an-object', origin, `the line is ${describe(value)}, expected an object`);
  const record = value as Readonly<Record<string, unknown>>;
  const fields = {
    texts: options.textField.map((field) => ownField(record, field)),
    id: ownField(record, options.idField),
    source: ownField(record, options.sourceField),
    names: () => Object.keys(record),
    idDigits: () => jsonSource(json, options.idField),
  };
  return documentOf(fields, origin, options);
}

/** A field the record itself has; never one of Object.prototype. */
function ownField(record: Readonly<Record<string, unknown>>, field: string): unknown {
  return Object.hasOwn(record, field) ? record[field] : undefined;
}

/** JSON's white space but the line feed. */
function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) {
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) return false;
  }
  return true;
}

function originOf(file: string, position: number): Origin {
  return { file, position, positionKind: 'byte' };
}

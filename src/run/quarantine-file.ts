import { join } from 'node:path';
import { z } from 'zod';

import { TouchstoneError, messageOf } from '../errors.js';
import type { LeftOut } from '../records.js';
import { fileChunks, openFile } from '../stream/file-chunks.js';
import { canonicalJson } from './canonical-json.js';
import type { RunFile } from './commit-record.js';
import { count, firstIssue } from './json-record.js';
import { quarantineName } from './layout.js';
import { openUnitFile, type OpenUnitFile, type UnitFileOptions } from './unit-file.js';

const LINE_FEED = 10;

const leftOutSchema: z.ZodType<LeftOut> = z.strictObject({
  kind: z.enum(['quarantined', 'skipped']),
  origin: z.strictObject({ file: z.string(), position: count, positionKind: z.enum(['byte', 'row']) }),
  id: z.string().exactOptional(),
  reason: z.enum([
    'invalid-utf8',
    'malformed-json',
    'not-an-object',
    'missing-text',
    'text-not-a-string',
    'lone-surrogate',
    'line-too-long',
    'empty-text',
    'invalid-id',
    'truncated-input',
    'tokenizer-error',
  ]),
  detail: z.string(),
});

/** What a unit left out, appended while the unit streams by. Memory: one buffer, however many records. */
export interface QuarantineWriter {
  /** Adds a line. One call at a time; in input order, so that the file is the same however often the unit is computed. */
  append(record: LeftOut): Promise<void>;
  /** Gives the file its name and returns what the commit record says of it; null, and no file, where nothing was appended. */
  close(): Promise<RunFile | null>;
  /** Removes what was written, for a unit that fails. Never throws, and may follow anything. */
  discard(): Promise<void>;
}

/**
 * Opens the quarantine file of a unit. It is created with its first record and appears under its name when it is closed, by the protocol of the
 * unit's other files. Whoever opens it closes or discards it.
 */
export function openQuarantine(run: string, unit: number, options: UnitFileOptions = {}): QuarantineWriter {
  const encoder = new TextEncoder();
  let file: OpenUnitFile | undefined;
  return {
    async append(record) {
      file ??= await openUnitFile(run, unit, quarantineName(unit), options);
      await file.sink(encoder.encode(`${canonicalJson(record)}\n`));
    },
    close: async () => (await file?.close()) ?? null,
    discard: async () => await file?.discard(),
  };
}

/** Writes a whole list by `openQuarantine`. */
export async function writeQuarantine(run: string, unit: number, leftOut: readonly LeftOut[], options: UnitFileOptions = {}): Promise<RunFile | null> {
  const quarantine = openQuarantine(run, unit, options);
  try {
    for (const record of leftOut) await quarantine.append(record);
    return await quarantine.close();
  } catch (error) {
    await quarantine.discard();
    throw error;
  }
}

/** Reads a quarantine file back (`name` from a commit record or a manifest), whole. */
export async function readQuarantine(run: string, name: string): Promise<LeftOut[]> {
  const records: LeftOut[] = [];
  for await (const record of quarantineRecords(run, name)) records.push(record);
  return records;
}

/** The records of a quarantine file, one after the other. Memory: a chunk and a line. Throws an io error naming the line that is damaged. */
export async function* quarantineRecords(run: string, name: string): AsyncGenerator<LeftOut, void, undefined> {
  const path = join(run, name);
  const handle = await openFile(path);
  try {
    let lineNumber = 1;
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of fileChunks(handle, path)) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
        yield parseLine(path, Buffer.concat([rest, chunk.subarray(start, end)]), lineNumber++);
        rest = Buffer.alloc(0);
        start = end + 1;
      }
      rest = Buffer.concat([rest, chunk.subarray(start)]);
    }
    if (rest.length > 0) throw damaged(path, lineNumber, 'the line does not end');
  } finally {
    await handle.close();
  }
}

function parseLine(path: string, line: Buffer, lineNumber: number): LeftOut {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(line));
  } catch (error) {
    throw damaged(path, lineNumber, messageOf(error), error);
  }
  const parsed = leftOutSchema.safeParse(json);
  if (!parsed.success) throw damaged(path, lineNumber, firstIssue(parsed.error), parsed.error);
  return parsed.data;
}

function damaged(path: string, lineNumber: number, problem: string, cause?: unknown): TouchstoneError {
  return new TouchstoneError('io', `${path}:${lineNumber} is not a quarantine record: ${problem}`, {
    cause,
    advice: 'The file was changed after it was committed; verify the run.',
  });
}

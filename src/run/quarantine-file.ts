import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { TouchstoneError, messageOf } from '../errors.js';
import type { LeftOut } from '../records.js';
import { canonicalJson } from './canonical-json.js';
import type { RunFile } from './commit-record.js';
import { ioError } from './io-error.js';
import { count, firstIssue } from './json-record.js';
import { quarantineName } from './layout.js';
import { openUnitFile, type OpenUnitFile, type UnitFileOptions } from './unit-file.js';

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

/** Reads a quarantine file back (`name` from a commit record or a manifest). Throws an io error naming the line that is damaged. */
export async function readQuarantine(run: string, name: string): Promise<LeftOut[]> {
  const path = join(run, name);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw ioError('read', path, error);
  }
  const lines = text.split('\n');
  if (lines.pop() !== '') throw damaged(path, lines.length + 1, 'the line does not end');
  return lines.map((line, index) => parseLine(path, line, index + 1));
}

function parseLine(path: string, line: string, lineNumber: number): LeftOut {
  let json: unknown;
  try {
    json = JSON.parse(line);
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

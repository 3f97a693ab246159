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
import { commitUnitFile, type UnitFileOptions } from './unit-file.js';

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

/**
 * Writes what a unit left out, one JSON object a line, in the order given: hand it over in input order, so that the file is the same however often
 * the unit is computed. An empty list writes no file and returns null.
 */
export async function writeQuarantine(
  run: string,
  unit: number,
  leftOut: readonly LeftOut[],
  options: UnitFileOptions = {},
): Promise<RunFile | null> {
  if (leftOut.length === 0) return null;
  const encoder = new TextEncoder();
  const { file } = await commitUnitFile(
    run,
    unit,
    quarantineName(unit),
    async (sink) => {
      for (const record of leftOut) await sink(encoder.encode(`${canonicalJson(record)}\n`));
    },
    options,
  );
  return file;
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

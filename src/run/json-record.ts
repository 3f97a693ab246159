import { readFile } from 'node:fs/promises';
import { z } from 'zod';

import { errnoOf, messageOf } from '../errors.js';
import { sha256Of } from './file-hash.js';
import { ioError } from './io-error.js';
import { sealFault } from './sealed-record.js';

/** What was found where a JSON record of the run folder should be. `sha256` is that of the file's bytes. */
export type RecordRead<T> =
  | { readonly kind: 'record'; readonly value: T; readonly sha256: string }
  | { readonly kind: 'damaged'; readonly problem: string; readonly sha256: string }
  | { readonly kind: 'missing' };

/** Reads and checks a record. A file that is absent, torn, changed or of another shape is an answer; a file system that fails is an io error. */
export async function readRecord<T>(path: string, schema: z.ZodType<T>, form: 'sealed' | 'plain' = 'plain'): Promise<RecordRead<T>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { kind: 'missing' };
    throw ioError('read', path, error);
  }
  return parseRecord(bytes, schema, form);
}

/** What the bytes of a record's file say. */
export function parseRecord<T>(bytes: Buffer, schema: z.ZodType<T>, form: 'sealed' | 'plain' = 'plain'): Exclude<RecordRead<T>, { kind: 'missing' }> {
  const sha256 = sha256Of(bytes);
  if (bytes.length === 0) return { kind: 'damaged', problem: 'the file is empty', sha256 };
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    return { kind: 'damaged', problem: `the file is not whole JSON: ${messageOf(error)}`, sha256 };
  }
  if (form === 'sealed') {
    const fault = sealFault(bytes);
    if (fault !== undefined) return { kind: 'damaged', problem: fault, sha256 };
    delete (json as { checksum?: string }).checksum;
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { kind: 'record', value: parsed.data, sha256 };
  return { kind: 'damaged', problem: firstIssue(parsed.error), sha256 };
}

/** The first thing wrong with a record, as a sentence: "documents.read: Too small: expected number to be >=0". */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue === undefined) return 'the record has another shape';
  const path = z.core.toDotPath(issue.path);
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}

/** A count of things, or a number of bytes. */
export const count = z.int().min(0);
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits');

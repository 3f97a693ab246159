import { join } from 'node:path';

import { TouchstoneError, messageOf } from '../errors.js';
import type { LeftOut, LeftOutReason } from '../records.js';
import { fileChunks, openFile } from '../stream/file-chunks.js';

/** Why documents were left out, counted over quarantine files. */
export interface QuarantineReasons {
  /** Documents by reason, the most frequent first; equal counts by name. Only those that are quarantined, not the skipped. */
  readonly reasons: readonly { readonly reason: LeftOutReason; readonly documents: number }[];
  /** Quarantine files by the documents quarantined in them, the most first. */
  readonly files: readonly { readonly path: string; readonly documents: number }[];
  /** Files of the corpus that end, or cannot be read on, before their end; sorted. */
  readonly cutShort: readonly string[];
}

/** Counts the records of quarantine files (`names` from a manifest, relative to the run folder) in one pass; memory does not grow with them. */
export async function countReasons(run: string, names: readonly string[]): Promise<QuarantineReasons> {
  const reasons = new Map<LeftOutReason, number>();
  const files: { path: string; documents: number }[] = [];
  const cutShort = new Set<string>();
  for (const path of names) {
    let documents = 0;
    for await (const { kind, reason, origin } of records(join(run, path))) {
      if (kind !== 'quarantined') continue;
      documents++;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      if (reason === 'truncated-input') cutShort.add(origin.file);
    }
    if (documents > 0) files.push({ path, documents });
  }
  return {
    reasons: [...reasons].map(([reason, documents]) => ({ reason, documents })).sort((a, b) => b.documents - a.documents || (a.reason < b.reason ? -1 : 1)),
    files: files.sort((a, b) => b.documents - a.documents || (a.path < b.path ? -1 : 1)),
    cutShort: [...cutShort].sort(),
  };
}

const NEWLINE = 10;

async function* records(path: string): AsyncGenerator<LeftOut, void, undefined> {
  const handle = await openFile(path);
  let line = 0;
  const parse = (bytes: Buffer): LeftOut => {
    line++;
    try {
      return JSON.parse(bytes.toString('utf8')) as LeftOut;
    } catch (error) {
      throw new TouchstoneError('io', `${path}:${line} is not a quarantine record: ${messageOf(error)}`, {
        cause: error,
        advice: 'The file was changed after it was committed; verify the run.',
      });
    }
  };
  try {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of fileChunks(handle, path)) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        yield parse(bytes.subarray(from, end));
        from = end + 1;
      }
      rest = bytes.subarray(from);
    }
    if (rest.length > 0) yield parse(rest); // a line that does not end: whole JSON counts, part of one is an error
  } finally {
    await handle.close();
  }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { ScoredDocument } from '../../src/records.js';
import type { OptionalColumns } from '../../src/store/schema.js';
import { ShardWriter, type ShardTotals, type ShardWriterOptions } from '../../src/store/writer.js';
import { NO_COLUMNS } from './documents.js';

export interface WrittenShard {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly totals: ShardTotals;
}

/** The bytes of a shard holding these documents. */
export async function shardOf(documents: readonly ScoredDocument[], columns: OptionalColumns = NO_COLUMNS, options: Partial<ShardWriterOptions> = {}): Promise<WrittenShard> {
  const chunks: Uint8Array[] = [];
  const sink = (chunk: Uint8Array): Promise<void> => {
    chunks.push(chunk.slice());
    return Promise.resolve();
  };
  const writer = await ShardWriter.open({ sink, columns, metadata: {}, lossPrecision: 'exact', ...options });
  for (const document of documents) await writer.append(document);
  const totals = await writer.close();
  const bytes = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0));
  let used = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, used);
    used += chunk.length;
  }
  return { bytes, totals };
}

/** A folder for each test, and a function that puts a file into it and returns its path. */
export function useFolder(): { path: string; put: (name: string, bytes: Uint8Array) => Promise<string> } {
  const folder = {
    path: '',
    async put(name: string, bytes: Uint8Array) {
      const path = join(folder.path, name);
      await writeFile(path, bytes);
      return path;
    },
  };
  beforeEach(async () => {
    folder.path = await mkdtemp(join(tmpdir(), 'touchstone-store-'));
  });
  afterEach(() => rm(folder.path, { recursive: true }));
  return folder;
}

/** The shard as another program would have signed it: our decoder then leaves it to hyparquet. */
export function signedByAnother(bytes: Uint8Array): Uint8Array {
  const foreign = Buffer.from(bytes);
  const at = foreign.lastIndexOf('Touchstone version');
  if (at < 0) throw new Error('the shard is not signed');
  foreign.write('Someone    ', at);
  return foreign;
}

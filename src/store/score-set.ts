import { join } from 'node:path';
import { TouchstoneError } from '../errors.js';
import { hashFile } from '../run/file-hash.js';
import { readManifest, type Manifest, type ManifestShard } from '../run/manifest.js';
import { openShard, type Shard } from './reader.js';
import { rowsOf, type AllColumns, type Row, type RowGroup, type SomeColumns } from './row-group.js';
import type { ColumnName, ColumnValues } from './schema.js';

export interface ScoreSetOptions {
  /** Hash each shard before anything of it is given out, and compare with the manifest; default false. */
  readonly verify?: boolean;
}

export interface ReadOptions<N extends ColumnName> {
  /** Columns to read; default all. Bytes of others are not read. */
  readonly columns?: readonly N[];
  /** Shards to read, by unit, in this order; default all, by unit. */
  readonly shards?: readonly number[];
}

/** A row group of a score set. */
export interface ScoreSetRowGroup<C extends Partial<ColumnValues> = AllColumns> extends RowGroup<C> {
  /** The unit whose shard it is of. */
  readonly unit: number;
}

/**
 * The shards of a finished run as one table. Order is that of the units and, within one, of the corpus; reading twice gives the same. One row group is
 * held at a time (about 1M tokens: 8 MB of ids and losses and some 5 MB of compressed pages), whatever the size of the set.
 */
export interface ScoreSet {
  readonly manifest: Manifest;
  /** Row groups as typed arrays. The reader keeps nothing of them; the arrays are the consumer's. */
  rowGroups(options?: { readonly shards?: readonly number[] }): AsyncIterable<ScoreSetRowGroup>;
  rowGroups<N extends ColumnName>(options: ReadOptions<N>): AsyncIterable<ScoreSetRowGroup<SomeColumns<N>>>;
  /** Rows as views into their row group's arrays: keeping one row keeps its whole row group in memory; copy what must stay (`slice()`). */
  rows(options?: { readonly shards?: readonly number[] }): AsyncIterable<Row>;
  rows<N extends ColumnName>(options: ReadOptions<N>): AsyncIterable<Row<SomeColumns<N>>>;
}

/**
 * Opens the score set of a finished run. Trusts its manifest and never lists a folder: a shard is opened when its turn comes, and must have the size, rows
 * and tokens the manifest says. Throws what readManifest throws; reading throws an io error that names a shard which is missing or differs.
 */
export async function openScoreSet(run: string, { verify = false }: ScoreSetOptions = {}): Promise<ScoreSet> {
  const manifest = await readManifest(run);

  async function* rowGroups({ columns, shards }: ReadOptions<ColumnName> = {}): AsyncGenerator<ScoreSetRowGroup> {
    for (const entry of chosen(manifest, shards)) {
      const shard = await openListed(run, entry, verify);
      try {
        for (const index of shard.rowGroups.keys()) {
          const group = await (columns === undefined ? shard.readRowGroup(index) : shard.readRowGroup(index, { columns }));
          yield { ...group, unit: entry.unit };
        }
      } finally {
        await shard.close();
      }
    }
  }

  async function* rows(options?: ReadOptions<ColumnName>): AsyncGenerator<Row> {
    for await (const group of rowGroups(options)) yield* rowsOf(group);
  }

  return { manifest, rowGroups, rows };
}

function chosen({ shards }: Manifest, units: readonly number[] | undefined): readonly ManifestShard[] {
  if (units === undefined) return shards;
  return units.map((unit) => {
    const shard = shards.find((candidate) => candidate.unit === unit);
    if (shard === undefined) throw new TouchstoneError('usage', `the run has units 0 to ${shards.length - 1}, there is no shard of unit ${unit}`);
    return shard;
  });
}

async function openListed(run: string, entry: ManifestShard, verify: boolean): Promise<Shard> {
  const path = join(run, entry.path);
  const shard = await openShard(path);
  try {
    for (const name of ['bytes', 'rows', 'tokens'] as const) {
      if (shard[name] !== entry[name]) throw differs(path, name, String(entry[name]), String(shard[name]));
    }
    if (verify) {
      const { sha256 } = await hashFile(path);
      if (sha256 !== entry.sha256) throw differs(path, 'sha256', entry.sha256, sha256);
    }
    return shard;
  } catch (error) {
    await shard.close();
    throw error;
  }
}

function differs(path: string, what: string, expected: string, found: string): TouchstoneError {
  return new TouchstoneError('io', `${path} must have the ${what} of the manifest, ${expected}, it has ${found}`, {
    advice: 'The shard was changed or damaged after the run: restore it, or score the unit again.',
  });
}

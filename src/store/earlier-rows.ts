import { TouchstoneError } from '../errors.js';
import type { ScoredDocument, TokenStats } from '../records.js';
import type { EarlierShard } from '../run/earlier-run.js';
import { changedSince, checkSound, openSound, type SoundShard } from './earlier-shard.js';
import { readHashKey } from './hash-key.js';
import { KeyTable } from './key-table.js';
import { openShard, type Shard } from './reader.js';
import { RowGroupCache } from './row-group-cache.js';
import type { RowGroup } from './row-group.js';
import type { ColumnName, ColumnValues } from './schema.js';

/** What a row holds of a text, whatever document it was of. The arrays are the receiver's. */
export type EarlierRow = Pick<ScoredDocument, 'tokenIds' | 'refLoss' | 'entropy' | 'top1' | 'tokenBytes'>;

export interface EarlierRowsOptions {
  /** Optional columns to read; every shard must have them. */
  readonly stats: TokenStats;
  /** Told once of each shard that cannot be used, in a sentence. Its texts are unknown from then on. */
  readonly onUnusable: (message: string) => void;
  readonly signal?: AbortSignal;
}

interface IndexedShard extends EarlierShard {
  /** The file with the sha256 its run recorded, or null; looked at when a text of it is first asked for. */
  sound?: Promise<SoundShard | null>;
}

interface IndexedGroup {
  readonly shard: IndexedShard;
  readonly index: number;
  /** Number of its first row among all rows. */
  readonly firstRow: number;
  readonly rows: number;
  readonly tokens: number;
}

type CachedGroup = RowGroup<Partial<ColumnValues> & Pick<ColumnValues, 'doc_hash' | 'token_ids' | 'ref_loss'>>;

/** Decoded row groups that are kept: 128 MiB are seven of a million tokens with every statistic. */
const CACHE_BYTES = 1 << 27;

/** 128 bits of a text's sha256; the row says all 256 when it is read. */
const KEY_WORDS = 4;

/**
 * The rows of earlier score shards by the sha256 of their text; where several rows have a text, the first one's. Memory: 26 to 32 bytes a row
 * (16 of hash, 4 of row number, 6 to 12 of slots), and CACHE_BYTES of decoded row groups. Opening reads the hashes of all rows and nothing else.
 */
export class EarlierRows {
  readonly #options: EarlierRowsOptions;
  readonly #columns: readonly ColumnName[];
  readonly #texts: KeyTable;
  /** (texts) number of the row a text was first in. */
  readonly #rowOf: Uint32Array;
  /** By first row. */
  readonly #groups: IndexedGroup[] = [];
  readonly #key = new Uint32Array(KEY_WORDS);
  readonly #decoded = new RowGroupCache<IndexedGroup, CachedGroup>(CACHE_BYTES);
  /** The shard a row group was decoded of last. */
  #open: Shard | undefined;

  private constructor(rows: number, options: EarlierRowsOptions) {
    const { entropy, top1, bytes } = options.stats;
    this.#options = options;
    this.#columns = ['doc_hash', 'token_ids', 'ref_loss', ...(entropy ? ['entropy' as const] : []), ...(top1 ? ['top1' as const] : []), ...(bytes ? ['token_bytes' as const] : [])];
    this.#texts = new KeyTable(KEY_WORDS, rows);
    this.#rowOf = new Uint32Array(rows);
  }

  /** Reads the hashes of the shards, in this order. A shard that is missing or damaged is told of and passed over. */
  static async open(shards: readonly EarlierShard[], options: EarlierRowsOptions): Promise<EarlierRows> {
    const rows = shards.reduce((sum, shard) => sum + shard.rows, 0);
    if (rows > MOST_ROWS) throw new TouchstoneError('usage', `at most ${MOST_ROWS} earlier rows can be reused, the runs have ${rows}`, { advice: 'Name fewer runs.' });
    const earlier = new EarlierRows(rows, options);
    let firstRow = 0;
    for (const shard of shards) {
      await earlier.#index({ ...shard }, firstRow);
      firstRow += shard.rows;
    }
    return earlier;
  }

  /** Different texts that are known. */
  get texts(): number {
    return this.#texts.size;
  }

  /** The row of a text by its sha256 (lower-case hex); undefined where no shard has it, or only one that turns out to be damaged. */
  async find(hash: string): Promise<number | undefined> {
    const text = this.#texts.find(readHashKey(hash, this.#key));
    if (text < 0) return undefined;
    const row = this.#rowOf[text]!;
    const { shard } = this.#groupOf(row);
    return (await (shard.sound ??= this.#check(shard))) === null ? undefined : row;
  }

  /**
   * The rows that `find` told of, in the order they are asked for. Row groups are read one after the other, each once a call whatever that order is,
   * or not at all where they are still in memory. Throws an io error where a shard has changed since it was checked; it is checked anew when a text of
   * it is asked for again.
   */
  async read(places: readonly { readonly row: number; readonly hash: string }[]): Promise<EarlierRow[]> {
    const rows = new Array<EarlierRow>(places.length);
    const order = places.map(({ row }, at) => ({ row, at })).sort((a, b) => a.row - b.row);
    let place: IndexedGroup | undefined;
    let group: CachedGroup | undefined;
    for (const { row, at } of order) {
      if (place === undefined || group === undefined || row >= place.firstRow + place.rows) {
        place = this.#groupOf(row);
        group = await this.#groupAt(place);
      }
      rows[at] = cutRow(group, row - place.firstRow, places[at]!.hash, place.shard.path);
    }
    return rows;
  }

  async close(): Promise<void> {
    await this.#decoded.clear();
    await this.#open?.close();
    this.#open = undefined;
  }

  async #index(shard: IndexedShard, firstRow: number): Promise<void> {
    const { onUnusable, signal } = this.#options;
    let opened: Shard | undefined;
    try {
      opened = await openShard(shard.path);
      for (const name of ['bytes', 'rows'] as const) {
        if (opened[name] !== shard[name]) throw new TouchstoneError('io', `${shard.path} must have ${shard[name]} ${name}, it has ${opened[name]}`);
      }
      let groupRow = firstRow;
      for (const [index, { rows, tokens }] of opened.rowGroups.entries()) {
        signal?.throwIfAborted();
        const { columns } = await opened.readRowGroup(index, { columns: ['doc_hash'] });
        this.#groups.push({ shard, index, firstRow: groupRow, rows, tokens });
        for (const [row, hash] of columns.doc_hash.entries()) {
          const text = this.#texts.size;
          if (this.#texts.add(readHashKey(hash, this.#key)) === text) this.#rowOf[text] = groupRow + row;
        }
        groupRow += rows;
      }
    } catch (error) {
      if (!(error instanceof TouchstoneError) || signal?.aborted === true) throw error;
      shard.sound = Promise.resolve(null);
      onUnusable(error.message);
    } finally {
      await opened?.close();
    }
  }

  async #check(shard: EarlierShard): Promise<SoundShard | null> {
    const { onUnusable, signal } = this.#options;
    try {
      return await checkSound(shard, signal);
    } catch (error) {
      if (!(error instanceof TouchstoneError) || signal?.aborted === true) throw error;
      onUnusable(error.message);
      return null;
    }
  }

  /** The row group that holds a row. */
  #groupOf(row: number): IndexedGroup {
    let low = 0;
    for (let high = this.#groups.length - 1; low < high; ) {
      const middle = (low + high + 1) >>> 1;
      if (this.#groups[middle]!.firstRow <= row) low = middle;
      else high = middle - 1;
    }
    return this.#groups[low]!;
  }

  #groupAt(place: IndexedGroup): Promise<CachedGroup> {
    // Four bytes a value, and a string a row.
    const bytes = 4 * (this.#columns.length - 1) * place.tokens + 100 * place.rows;
    return this.#decoded.get(place, { bytes, load: () => this.#decode(place) });
  }

  async #decode({ shard, index }: IndexedGroup): Promise<CachedGroup> {
    try {
      if (this.#open?.path !== shard.path) {
        await this.#open?.close();
        this.#open = undefined;
        const sound = await shard.sound;
        // Another reader has met the change first.
        if (sound === undefined || sound === null) throw changedSince(shard.path);
        this.#open = await openSound(sound);
      }
      return await this.#open.readRowGroup(index, { columns: this.#columns });
    } catch (error) {
      delete shard.sound;
      throw error;
    }
  }
}

/** Row numbers are 32 bits, and so are the slots of the table. */
const MOST_ROWS = 2 ** 31;

function cutRow({ columns, offsets }: CachedGroup, row: number, hash: string, path: string): EarlierRow {
  if (columns.doc_hash[row] !== hash) {
    throw new TouchstoneError('internal', `${path} must have a row for the text ${hash} where one was found, it has ${columns.doc_hash[row] ?? 'none'}`);
  }
  const [from, to] = [offsets[row]!, offsets[row + 1]!];
  const { token_ids: ids, ref_loss: losses, entropy, top1, token_bytes: bytes } = columns;
  return {
    tokenIds: ids.slice(from, to),
    refLoss: losses.slice(from, to),
    ...(entropy === undefined ? {} : { entropy: entropy.slice(from, to) }),
    ...(top1 === undefined ? {} : { top1: top1.slice(from, to) }),
    ...(bytes === undefined ? {} : { tokenBytes: bytes.slice(from, to) }),
  };
}

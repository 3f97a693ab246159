import { TouchstoneError } from '../errors.js';
import type { ScoredDocument } from '../records.js';
import type { ByteSink } from '../stream/byte-sink.js';
import { checkText, type ColumnWriter } from './column-writer.js';
import type { PageEncoder } from './data-page.js';
import { roundToGrid, tallyLosses } from './loss.js';
import {
  CONVENTIONS,
  CONVENTIONS_KEY,
  PRECISION_KEY,
  SCHEMA_VERSION,
  VERSION_KEY,
  shardColumns,
  type LossPrecision,
  type OptionalColumns,
} from './schema.js';
import { openColumn, type StoredRow } from './shard-columns.js';
import { ROW_GROUP_TOKENS, TableWriter } from './table-writer.js';

export interface ShardWriterOptions {
  /** Receives the file from the first byte to the last; awaited before more is made. */
  readonly sink: ByteSink;
  /** Optional columns; every document must bring exactly these. */
  readonly columns: OptionalColumns;
  /** Footer key-value metadata. The writer adds the keys of schema.ts. */
  readonly metadata: Readonly<Record<string, string>>;
  /** 'grid11' rounds ref_loss, and only it, to multiples of 2^-11 nats. */
  readonly lossPrecision: LossPrecision;
  /** A row group ends with the document that reaches this many tokens; default 1,048,576. */
  readonly rowGroupTokens?: number;
}

/** What a finished shard holds. */
export interface ShardTotals {
  readonly rows: number;
  readonly tokens: number;
  /** ref_loss that are not NaN. */
  readonly scored: number;
  /** Sum of loss_sum, in nats. */
  readonly lossSum: number;
  /** Size of the file. */
  readonly bytes: number;
}

/** Writes one score shard, by the rules and within the memory of TableWriter. */
export class ShardWriter {
  private readonly options: ShardWriterOptions;
  private readonly table: TableWriter<StoredRow>;
  private rounded = new Float32Array(0);
  private totals = { rows: 0, tokens: 0, scored: 0, lossSum: 0 };

  private constructor(options: ShardWriterOptions, table: TableWriter<StoredRow>) {
    this.options = options;
    this.table = table;
  }

  static async open(options: ShardWriterOptions): Promise<ShardWriter> {
    const { sink, metadata, columns, lossPrecision, rowGroupTokens = ROW_GROUP_TOKENS } = options;
    for (const key of [VERSION_KEY, CONVENTIONS_KEY, PRECISION_KEY]) {
      if (key in metadata) throw new TouchstoneError('internal', `shard metadata must leave "${key}" to the writer, got ${JSON.stringify(metadata[key])}`);
    }
    for (const [key, value] of Object.entries(metadata)) checkText(`shard metadata "${key}"`, key + value);
    if (!Number.isInteger(rowGroupTokens) || rowGroupTokens < 1) throw new TouchstoneError('internal', `rowGroupTokens must be a positive integer, got ${rowGroupTokens}`);
    const open = (pages: PageEncoder): ColumnWriter<StoredRow>[] => shardColumns(columns).map((column) => openColumn(column, pages, lossPrecision));
    return new ShardWriter(options, await TableWriter.open({ sink, columns: open, lossPrecision, rowGroupTokens }));
  }

  /** Adds a row; the document's arrays are free again when this resolves. Calls must not overlap. */
  async append(document: ScoredDocument): Promise<void> {
    let stored: StoredRow | undefined;
    await this.table.append(document.tokenIds.length, () => (stored = this.storedRow(document)));
    const { scored, lossSum } = stored!;
    this.totals.rows++;
    this.totals.tokens += document.tokenIds.length;
    this.totals.scored += scored;
    this.totals.lossSum += lossSum;
  }

  /** Writes what is left and the footer; the sink stays open. */
  async close(): Promise<ShardTotals> {
    const { metadata, lossPrecision } = this.options;
    const bytes = await this.table.close({ ...metadata, [VERSION_KEY]: SCHEMA_VERSION, [CONVENTIONS_KEY]: CONVENTIONS, [PRECISION_KEY]: lossPrecision });
    return { ...this.totals, bytes };
  }

  private storedRow(document: ScoredDocument): StoredRow {
    checkDocument(document, this.options.columns);
    const losses = this.storedLosses(document.refLoss);
    const { scored, sum } = tallyLosses(losses);
    return { document, losses, scored, lossSum: sum };
  }

  private storedLosses(losses: Float32Array): Float32Array {
    if (this.options.lossPrecision === 'exact') return losses;
    if (this.rounded.length < losses.length) this.rounded = new Float32Array(Math.max(losses.length, 1 << 12));
    const rounded = this.rounded.subarray(0, losses.length);
    roundToGrid(losses, rounded);
    return rounded;
  }
}

/** Throws unless the document has exactly the shard's columns and they agree in length. */
function checkDocument(document: ScoredDocument, columns: OptionalColumns): void {
  const { id, tokenIds, docStarts } = document;
  const fail = (message: string): never => {
    throw new TouchstoneError('internal', `document ${JSON.stringify(id.slice(0, 80))}: ${message}`);
  };
  checkText('doc_id', id);
  checkText('source', document.source);
  checkText('doc_hash', document.hash);
  if (document.refLoss.length !== tokenIds.length) fail(`refLoss must have ${tokenIds.length} entries, one a token, got ${document.refLoss.length}`);
  for (const name of ['entropy', 'top1', 'tokenBytes', 'docStarts'] as const) {
    const values = document[name];
    if ((values !== undefined) !== columns[name]) fail(`${name} must be ${columns[name] ? 'given: the shard has' : 'left out: the shard has not'} this column`);
    if (values !== undefined && name !== 'docStarts' && values.length !== tokenIds.length) fail(`${name} must have ${tokenIds.length} entries, one a token, got ${values.length}`);
  }
  docStarts?.forEach((start, i) => {
    const low = i === 0 ? 0 : docStarts[i - 1]! + 1;
    if (start < low || start >= tokenIds.length) fail(`docStarts[${i}] must be from ${low} to below ${tokenIds.length}, got ${start}`);
  });
}

import { TouchstoneError } from '../errors.js';
import type { ScoredDocument } from '../records.js';
import type { ByteSink } from '../stream/byte-sink.js';
import { checkText, openColumn, type ColumnWriter } from './column-writer.js';
import { PageEncoder } from './data-page.js';
import { ShardEnvelope } from './envelope.js';
import { roundToGrid, tallyLosses } from './loss.js';
import {
  CONVENTIONS,
  CONVENTIONS_KEY,
  PRECISION_KEY,
  ROW_GROUP_ROWS,
  SCHEMA_VERSION,
  VERSION_KEY,
  shardColumns,
  type LossPrecision,
  type OptionalColumns,
} from './schema.js';
import { initZstd } from './zstd.js';

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

/**
 * Writes one score shard. Memory is one page per column and the compressed pages of one row group, however long the shard; a document larger than a
 * row group makes a larger one. The same documents and metadata give the same bytes. After an error nothing of the file is worth keeping.
 */
export class ShardWriter {
  private readonly options: ShardWriterOptions;
  private readonly envelope: ShardEnvelope;
  private readonly columns: readonly ColumnWriter[];
  private readonly rowGroupTokens: number;
  private rounded = new Float32Array(0);
  private groupRows = 0;
  private groupTokens = 0;
  private totals = { rows: 0, tokens: 0, scored: 0, lossSum: 0 };
  private state: 'open' | 'writing' | 'closed' = 'open';

  private constructor(options: ShardWriterOptions, envelope: ShardEnvelope) {
    const pages = new PageEncoder();
    this.options = options;
    this.envelope = envelope;
    this.columns = shardColumns(options.columns).map((column) => openColumn(column, pages, options.lossPrecision));
    this.rowGroupTokens = options.rowGroupTokens ?? 1 << 20;
  }

  static async open(options: ShardWriterOptions): Promise<ShardWriter> {
    const { metadata, rowGroupTokens = 1 } = options;
    for (const key of [VERSION_KEY, CONVENTIONS_KEY, PRECISION_KEY]) {
      if (key in metadata) throw new TouchstoneError('internal', `shard metadata must leave "${key}" to the writer, got ${JSON.stringify(metadata[key])}`);
    }
    for (const [key, value] of Object.entries(metadata)) checkText(`shard metadata "${key}"`, key + value);
    if (!Number.isInteger(rowGroupTokens) || rowGroupTokens < 1) throw new TouchstoneError('internal', `rowGroupTokens must be a positive integer, got ${rowGroupTokens}`);
    await initZstd();
    return new ShardWriter(options, await ShardEnvelope.open(options.sink, shardColumns(options.columns), options.lossPrecision));
  }

  /** Adds a row; the document's arrays are free again when this resolves. Calls must not overlap. */
  async append(document: ScoredDocument): Promise<void> {
    this.begin('append to');
    checkDocument(document, this.options.columns);
    const losses = this.storedLosses(document.refLoss);
    const { scored, sum } = tallyLosses(losses);
    for (const column of this.columns) column.append({ document, losses, scored, lossSum: sum });
    const tokens = document.tokenIds.length;
    this.groupRows++;
    this.groupTokens += tokens;
    this.totals.rows++;
    this.totals.tokens += tokens;
    this.totals.scored += scored;
    this.totals.lossSum += sum;
    if (this.groupTokens >= this.rowGroupTokens || this.groupRows === ROW_GROUP_ROWS) await this.endRowGroup();
    this.state = 'open';
  }

  /** Writes what is left and the footer; the sink stays open. */
  async close(): Promise<ShardTotals> {
    this.begin('close');
    if (this.groupRows > 0) await this.endRowGroup();
    await this.envelope.close({
      ...this.options.metadata,
      [VERSION_KEY]: SCHEMA_VERSION,
      [CONVENTIONS_KEY]: CONVENTIONS,
      [PRECISION_KEY]: this.options.lossPrecision,
    });
    this.state = 'closed';
    return { ...this.totals, bytes: this.envelope.bytes };
  }

  private async endRowGroup(): Promise<void> {
    await this.envelope.writeRowGroup(this.groupRows, this.columns.map((column) => column.finish()));
    this.groupRows = 0;
    this.groupTokens = 0;
  }

  /** Overlapping calls and calls after a failure would interleave or lose rows. */
  private begin(what: string): void {
    if (this.state === 'open') this.state = 'writing';
    else throw new TouchstoneError('internal', `cannot ${what} a shard that is ${this.state === 'closed' ? 'closed' : 'being written, or failed while it was'}`);
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

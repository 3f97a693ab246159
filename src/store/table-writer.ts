import { TouchstoneError } from '../errors.js';
import type { ByteSink } from '../stream/byte-sink.js';
import type { ColumnWriter } from './column-writer.js';
import { PageEncoder } from './data-page.js';
import { ShardEnvelope } from './envelope.js';
import { ROW_GROUP_ROWS, type LossPrecision } from './schema.js';
import { initZstd } from './zstd.js';

/** Row groups of about a million tokens. */
export const ROW_GROUP_TOKENS = 1 << 20;

export interface TableWriterOptions<Row> {
  /** Receives the file from the first byte to the last; awaited before more is made. */
  readonly sink: ByteSink;
  /** The columns, in file order. */
  readonly columns: (pages: PageEncoder) => readonly ColumnWriter<Row>[];
  readonly lossPrecision: LossPrecision;
  /** A row group ends with the row that reaches this many tokens. */
  readonly rowGroupTokens: number;
}

/**
 * Writes rows as one Parquet file. Memory is one page per column and the compressed pages of one row group, however long the file; a row larger than a row
 * group makes a larger one. The same rows and metadata give the same bytes. After an error nothing of the file is worth keeping.
 */
export class TableWriter<Row> {
  private readonly envelope: ShardEnvelope;
  private readonly columns: readonly ColumnWriter<Row>[];
  private readonly rowGroupTokens: number;
  private groupRows = 0;
  private groupTokens = 0;
  private state: 'open' | 'writing' | 'closed' = 'open';

  private constructor(envelope: ShardEnvelope, columns: readonly ColumnWriter<Row>[], rowGroupTokens: number) {
    this.envelope = envelope;
    this.columns = columns;
    this.rowGroupTokens = rowGroupTokens;
  }

  static async open<Row>({ sink, columns, lossPrecision, rowGroupTokens }: TableWriterOptions<Row>): Promise<TableWriter<Row>> {
    await initZstd();
    const writers = columns(new PageEncoder());
    return new TableWriter(await ShardEnvelope.open(sink, writers.map(({ spec }) => spec), lossPrecision), writers, rowGroupTokens);
  }

  /** Adds the row that `make` returns; what it refers to is free again when this resolves. Calls must not overlap; where `make` throws, the file is lost. */
  async append(tokens: number, make: () => Row): Promise<void> {
    this.begin('append to');
    const row = make();
    for (const column of this.columns) column.append(row);
    this.groupRows++;
    this.groupTokens += tokens;
    if (this.groupTokens >= this.rowGroupTokens || this.groupRows === ROW_GROUP_ROWS) await this.endRowGroup();
    this.state = 'open';
  }

  /** Writes what is left and the footer with this metadata; the sink stays open. Returns the size of the file. */
  async close(metadata: Readonly<Record<string, string>>): Promise<number> {
    this.begin('close');
    if (this.groupRows > 0) await this.endRowGroup();
    await this.envelope.close(metadata);
    this.state = 'closed';
    return this.envelope.bytes;
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
}

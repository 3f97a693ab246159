import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tableToIPC } from 'apache-arrow';
import { createRandom } from '../../src/math/random.js';
import type { ScoredDocument } from '../../src/records.js';
import { toArrow } from '../../src/store/arrow.js';
import { roundToGrid, tallyLosses } from '../../src/store/loss.js';
import { openShard } from '../../src/store/reader.js';
import type { LossPrecision, OptionalColumns } from '../../src/store/schema.js';
import { COLUMN_CHOICES, randomDocument, randomDocuments } from '../../test/store/documents.js';
import { shardOf } from '../../test/store/shards.js';

/** A folder of shards of one schema, and what readers must find in it. */
export interface InteropSet {
  readonly name: string;
  readonly columns: OptionalColumns;
  readonly lossPrecision: LossPrecision;
  /** One list of documents a shard. */
  readonly shards: readonly (readonly ScoredDocument[])[];
}

/** Every choice of columns, at both precisions, in two shards and an empty one; two sets have a row of several pages besides. */
export function interopSets(): InteropSet[] {
  return COLUMN_CHOICES.flatMap((columns, choice) =>
    (['exact', 'grid11'] as const).map((lossPrecision) => {
      const seed = `interop/${choice}`;
      const large = choice === 15 ? [randomDocument(createRandom(seed), 600_000, columns)] : [];
      return {
        name: `columns-${choice}-${lossPrecision}`,
        columns,
        lossPrecision,
        shards: [randomDocuments(`${seed}/0`, 40, columns), [], [...randomDocuments(`${seed}/2`, 25, columns), ...large]],
      };
    }),
  );
}

/** Writes DIR/part-NNNNN.parquet, the same rows as an Arrow IPC stream, and the expected values as raw little-endian arrays. */
export async function writeSet(folder: string, { columns, lossPrecision, shards }: InteropSet): Promise<void> {
  await mkdir(join(folder, 'expected'), { recursive: true });
  for (const [unit, documents] of shards.entries()) {
    const { bytes } = await shardOf(documents, columns, { lossPrecision, rowGroupTokens: 1000, metadata: { 'touchstone.unit': String(unit) } });
    const path = join(folder, `part-${String(unit).padStart(5, '0')}.parquet`);
    await writeFile(path, bytes);
    const shard = await openShard(path);
    for (const index of shard.rowGroups.keys()) {
      await writeFile(join(folder, `unit-${unit}-${String(index).padStart(3, '0')}.arrows`), tableToIPC(toArrow(await shard.readRowGroup(index))));
    }
    await shard.close();
  }
  for (const [name, { cells, lengths }] of Object.entries(expectedColumns(shards.flat(), lossPrecision))) {
    if (lengths !== undefined) await writeFile(join(folder, 'expected', `${name}.lengths`), Int32Array.from(lengths));
    if (typeof cells[0] === 'string') await writeFile(join(folder, 'expected', `${name}.json`), JSON.stringify(cells));
    else await writeFile(join(folder, 'expected', `${name}.values`), Buffer.concat((cells as Int32Array[]).map((cell) => new Uint8Array(cell.buffer, cell.byteOffset, cell.byteLength))));
  }
}

interface ExpectedColumn {
  /** One a row. */
  readonly cells: readonly (string | Int32Array | Float32Array | Float64Array | Uint8Array)[];
  /** Values in each row, of a list. */
  readonly lengths?: readonly number[];
}

/** The columns worked out from the documents, not from the file. */
function expectedColumns(documents: readonly ScoredDocument[], precision: LossPrecision): Record<string, ExpectedColumn> {
  const losses = documents.map(({ refLoss }) => {
    const stored = refLoss.slice();
    if (precision === 'grid11') roundToGrid(refLoss, stored);
    return stored;
  });
  const list = (cells: ExpectedColumn['cells']): ExpectedColumn => ({ cells, lengths: cells.map(({ length }) => length) });
  const optional = (name: string, cells: readonly (Int32Array | Float32Array | Uint8Array | undefined)[]): Record<string, ExpectedColumn> =>
    cells[0] === undefined ? {} : { [name]: list(cells as ExpectedColumn['cells']) };
  return {
    doc_id: { cells: documents.map(({ id }) => id) },
    source: { cells: documents.map(({ source }) => source) },
    doc_hash: { cells: documents.map(({ hash }) => hash) },
    token_ids: list(documents.map(({ tokenIds }) => tokenIds)),
    ref_loss: list(losses),
    ...optional('entropy', documents.map(({ entropy }) => entropy)),
    ...optional('top1', documents.map(({ top1 }) => top1)),
    ...optional('token_bytes', documents.map(({ tokenBytes }) => tokenBytes)),
    ...optional('doc_starts', documents.map(({ docStarts }) => docStarts)),
    n_tokens: { cells: documents.map(({ tokenIds }) => Int32Array.of(tokenIds.length)) },
    n_scored: { cells: losses.map((loss) => Int32Array.of(tallyLosses(loss).scored)) },
    loss_sum: { cells: losses.map((loss) => Float64Array.of(tallyLosses(loss).sum)) },
  };
}

import type { AuditedRun } from './audited-run.js';
import { shortName } from './document-strips.js';
import { KeyTable, hashKey, textKey } from './key-table.js';
import { PairedTally } from './paired-deltas.js';
import type { DocumentChanges, PairedDeltas } from './report-data/drift.js';

/** Documents of the earlier run that are held at once, some 40 bytes each. */
const TABLE_DOCUMENTS = 1 << 22;

/**
 * Matches the rows of two runs by the hash of their text, and those left by their id; exact for runs of any size. Memory: a table of TABLE_DOCUMENTS rows and two
 * bits a row; a larger run is read in parts by hash, each of which reads the columns of one value a row of both runs again.
 */
export async function compareDocuments(earlier: AuditedRun, now: AuditedRun, tableDocuments = TABLE_DOCUMENTS): Promise<{ readonly documents: DocumentChanges; readonly paired: PairedDeltas }> {
  const [earlierRows, nowRows] = [rowsOf(earlier), rowsOf(now)];
  const matched = { earlier: new Uint8Array(Math.ceil(earlierRows / 8) + 1), now: new Uint8Array(Math.ceil(nowRows / 8) + 1) };
  const paired = new PairedTally();
  const counts = { earlier: 0, now: 0, unchanged: 0, changed: 0 };

  const byHash = partsOf(earlierRows, tableDocuments);
  for (let part = 0; part < byHash; part++) {
    const table = new KeyTable();
    const [ordinals, scored, sums]: [number[], number[], number[]] = [[], [], []];
    counts.earlier = await eachRow(earlier, ['doc_hash', 'n_scored', 'loss_sum'], ({ columns }, row, ordinal) => {
      const key = hashKey(columns.doc_hash[row]!);
      if (key % byHash !== part) return;
      table.add(key);
      ordinals.push(ordinal);
      scored.push(columns.n_scored[row]!);
      sums.push(columns.loss_sum[row]!);
    });
    counts.now = await eachRow(now, ['doc_hash', 'doc_id', 'source', 'n_scored', 'loss_sum'], ({ columns }, row, ordinal) => {
      const key = hashKey(columns.doc_hash[row]!);
      if (key % byHash !== part) return;
      const entry = table.take(key);
      if (entry < 0) return;
      counts.unchanged++;
      setBit(matched.earlier, ordinals[entry]!);
      setBit(matched.now, ordinal);
      if (scored[entry] === 0 || columns.n_scored[row] === 0) return;
      const means = { earlier: sums[entry]! / scored[entry]!, now: columns.loss_sum[row]! / columns.n_scored[row]! };
      paired.add(means, () => ({ id: shortName(columns.doc_id[row]!), source: shortName(columns.source[row]!), tokens: columns.n_tokens[row]! }));
    });
  }

  const byId = partsOf(counts.earlier - counts.unchanged, tableDocuments);
  for (let part = 0; part < byId && counts.unchanged < counts.now; part++) {
    const table = new KeyTable();
    await eachRow(earlier, ['doc_id'], ({ columns }, row, ordinal) => {
      if (bit(matched.earlier, ordinal)) return;
      const key = textKey(columns.doc_id[row]!);
      if (key % byId === part) table.add(key);
    });
    await eachRow(now, ['doc_id'], ({ columns }, row, ordinal) => {
      if (bit(matched.now, ordinal)) return;
      const key = textKey(columns.doc_id[row]!);
      if (key % byId === part && table.take(key) >= 0) counts.changed++;
    });
  }
  const { unchanged, changed } = counts;
  return { documents: { ...counts, new: counts.now - unchanged - changed, removed: counts.earlier - unchanged - changed }, paired: paired.deltas() };
}

/** Rows by the records; what cannot be read is fewer. */
function rowsOf({ units }: AuditedRun): number {
  return units.reduce((sum, { rows }) => sum + rows, 0);
}

function partsOf(documents: number, tableDocuments: number): number {
  return Math.ceil(documents / tableDocuments);
}

type RowNames = 'doc_hash' | 'doc_id' | 'source' | 'n_scored' | 'loss_sum';
type RowColumns = { readonly columns: { readonly [name in Extract<RowNames, 'doc_hash' | 'doc_id' | 'source'>]: readonly string[] } & { readonly n_scored: Int32Array; readonly loss_sum: Float64Array; readonly n_tokens: Int32Array } };

/** Calls `use` for every row, with its number in the run; returns how many there are. */
async function eachRow(run: AuditedRun, names: readonly RowNames[], use: (group: RowColumns, row: number, ordinal: number) => void): Promise<number> {
  let ordinal = 0;
  for await (const group of run.rowGroups([...names, 'n_tokens'])) {
    for (let row = 0; row < group.rows; row++) use(group, row, ordinal++);
  }
  return ordinal;
}

function setBit(bits: Uint8Array, at: number): void {
  bits[at >>> 3]! |= 1 << (at & 7);
}

function bit(bits: Uint8Array, at: number): boolean {
  return ((bits[at >>> 3]! >>> (at & 7)) & 1) === 1;
}

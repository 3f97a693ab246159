import { messageOf, TouchstoneError } from '../errors.js';
import type { Commit } from '../run/commits.js';
import { prefixId, type Plan } from '../run/plan.js';
import { shardMetadata } from '../scoring/shard-metadata.js';
import { tallyLosses } from '../store/loss.js';
import { openShard, type Shard } from '../store/reader.js';
import { rowsOf, type Row } from '../store/row-group.js';
import { CONVENTIONS, CONVENTIONS_KEY, PRECISION_KEY, SCHEMA_VERSION, shardColumns, VERSION_KEY } from '../store/schema.js';

/**
 * What is wrong inside a shard, one sentence each: its columns and its footer against the plan, every row against itself and the plan, and the sums over its
 * rows, taken anew from the losses, against the commit record. Decodes every column, whose pages carry checksums. Of each kind of fault in the rows
 * the first is named. Memory: one row group. Throws a retryable error where the file could not be read and may be whole.
 */
export async function shardFaults(path: string, commit: Commit, plan: Plan): Promise<string[]> {
  try {
    const shard = await openShard(path);
    try {
      return [...footerFaults(shard, commit.unit, plan), ...(await rowFaults(shard, commit, plan))];
    } finally {
      await shard.close();
    }
  } catch (error) {
    if (error instanceof TouchstoneError && error.kind === 'retryable') throw error;
    return [messageOf(error)];
  }
}

function footerFaults(shard: Shard, unit: number, plan: Plan): string[] {
  const { stats, lossPrecision } = plan.output;
  const expected: Readonly<Record<string, string>> = { ...shardMetadata(plan, unit), [VERSION_KEY]: SCHEMA_VERSION, [CONVENTIONS_KEY]: CONVENTIONS, [PRECISION_KEY]: lossPrecision };
  const faults = Object.keys({ ...expected, ...shard.metadata })
    .filter((key) => expected[key] !== shard.metadata[key])
    .map((key) => `the footer must say ${key} = ${expected[key] ?? 'nothing'}, it says ${shard.metadata[key] ?? 'nothing'}`);
  const columns = shardColumns({ entropy: stats.entropy, top1: stats.top1, tokenBytes: stats.bytes, docStarts: plan.windows.layout === 'packed' }).map(({ name }) => name);
  if (columns.join() !== shard.columns.join()) faults.push(`the columns must be ${columns.join(', ')}, they are ${shard.columns.join(', ')}`);
  if (shard.decoder !== 'pages') faults.push('it was written by another program');
  return faults;
}

async function rowFaults(shard: Shard, commit: Commit, plan: Plan): Promise<string[]> {
  const faults = new Map<string, string>();
  const sums = { rows: 0, tokens: 0, scored: 0, lossSum: 0 };
  for (const index of shard.rowGroups.keys()) {
    const group = await shard.readRowGroup(index);
    let number = group.firstRow;
    for (const row of rowsOf(group)) {
      for (const [kind, fault] of faultsOfRow(row, plan)) if (!faults.has(kind)) faults.set(kind, `row ${number}: ${fault}`);
      const { scored, sum } = tallyLosses(row.ref_loss);
      if (scored !== row.n_scored && !faults.has('scored')) faults.set('scored', `row ${number}: n_scored must be ${scored}, the losses that are not NaN, it is ${row.n_scored}`);
      if (!Object.is(sum, row.loss_sum) && !faults.has('sum')) faults.set('sum', `row ${number}: loss_sum must be ${sum}, it is ${row.loss_sum}`);
      sums.rows++;
      sums.tokens += row.token_ids.length;
      sums.scored += scored;
      sums.lossSum += sum;
      number++;
    }
  }
  for (const name of ['rows', 'tokens', 'scored', 'lossSum'] as const) {
    if (!Object.is(sums[name], commit[name])) faults.set(name, `${name} must be ${commit[name]} as its commit record says, there are ${sums[name]}`);
  }
  if (sums.tokens - sums.scored < commit.nonfinite) faults.set('nonfinite', `nonfinite must be at most the ${sums.tokens - sums.scored} losses that are NaN, the commit record says ${commit.nonfinite}`);
  return [...faults.values()];
}

/** What is wrong with a row by itself: kind and sentence. */
function* faultsOfRow(row: Row, plan: Plan): Generator<readonly [string, string], void, undefined> {
  const { token_ids: ids, ref_loss: losses, doc_starts: starts } = row;
  const outside = ids.findIndex((id) => id < 0 || id >= plan.model.vocabSize);
  if (outside >= 0) yield ['ids', `token ids must be from 0 to ${plan.model.vocabSize - 1}, token ${outside} is ${ids[outside]!}`];
  const infinite = losses.findIndex((loss) => loss < 0 || loss === Infinity);
  if (infinite >= 0) yield ['losses', `losses must be finite and not negative, or NaN, token ${infinite} has ${losses[infinite]!}`];
  if (!/^[0-9a-f]{64}$/.test(row.doc_hash)) yield ['hash', `doc_hash must be 64 hex digits, it is ${JSON.stringify(row.doc_hash.slice(0, 80))}`];
  if (plan.windows.layout === 'document') return;
  const length = plan.windows.contextLength - (prefixId(plan) === null ? 0 : 1);
  if (ids.length !== length) yield ['length', `a packed row must have ${length} tokens, it has ${ids.length}`];
  const wrong = starts?.findIndex((start, at) => start >= ids.length || start < (at === 0 ? 0 : starts[at - 1]! + 1)) ?? -1;
  if (wrong >= 0) yield ['starts', `doc_starts must ascend from 0 to below ${ids.length}, entry ${wrong} is ${starts![wrong]!}`];
}

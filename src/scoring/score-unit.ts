import { hostname } from 'node:os';
import { TouchstoneError } from '../errors.js';
import type { ComputeDevice, CorpusItem, Device, DeviceRecord, KnownDocument, TokenizedDocument } from '../records.js';
import { openQuarantine, type QuarantineWriter } from '../run/quarantine-file.js';
import { shardName } from '../run/layout.js';
import { planHash, prefixId, type Plan } from '../run/plan.js';
import { distinctDevices } from '../run/device-record.js';
import { commitUnitFile } from '../run/unit-file.js';
import { writeCommit, type Commit, type DocumentCounts, type RunFile } from '../run/commits.js';
import { deviceLabel } from '../runtime/device-faults.js';
import type { SessionPool } from '../runtime/session-pool.js';
import { checkShard } from '../store/check-shard.js';
import type { EarlierRows } from '../store/earlier-rows.js';
import { ShardWriter, type ShardTotals } from '../store/writer.js';
import type { ByteSink } from '../stream/byte-sink.js';
import { mapOrdered } from '../stream/map-ordered.js';
import { readAhead } from '../stream/read-ahead.js';
import { scatterLosses } from '../windows/batch.js';
import { batches, lookaheadTokens, type BatchOptions } from '../windows/batches.js';
import { packRows } from '../windows/pack.js';
import { batchOptions, packOptions } from './batching.js';
import { markKnown } from './known-documents.js';
import type { ProgressTracker } from './progress.js';
import { RowQueue } from './row-queue.js';
import { runInTurn } from './session-turns.js';
import { shardMetadata } from './shard-metadata.js';
import { tokenize, type EncodeTexts } from './tokenize.js';
import type { UnitProgress } from './unit-progress.js';

/** What a unit is scored with; the same for all units of a run. */
export interface UnitContext {
  readonly run: string;
  readonly plan: Plan;
  readonly encode: EncodeTexts;
  readonly encodeConcurrency: number;
  readonly sessions: Pick<SessionPool, 'run' | 'concurrency'>;
  /** What the sessions are on. */
  readonly devices: readonly ComputeDevice[];
  /** Rows that need not be computed; null = all must. Document layout only. */
  readonly earlier: EarlierRows | null;
  readonly batchTokens: number;
  /** Whether the user has said how many tokens without a finite loss are too many. */
  readonly nonfiniteLimited: boolean;
  readonly signal: AbortSignal;
  /** Throws where a file the unit was read from is no longer the one that was planned. */
  readonly checkInputs: (unit: number) => Promise<void>;
  readonly progress: Pick<ProgressTracker, 'unit' | 'scored'>;
}

/** Documents of a unit and the work they took, counted while they stream by. */
interface Tally {
  readonly documents: { -readonly [count in keyof DocumentCounts]: number };
  /** Lines of the quarantine file. */
  leftOut: number;
  nonfinite: number;
  computedTokens: number;
  paddedTokens: number;
  reused: { readonly documents: number; readonly tokens: number };
  /** Labels of the devices that computed its batches. */
  readonly devices: Set<string>;
}

/**
 * Scores one unit: reads its documents, writes its shard, its quarantine file and, last of all, its commit record.
 * The shard's bytes depend on the plan alone. Memory is bounded by the batches under way, whatever the size of the unit.
 */
export async function scoreUnit(unit: number, items: AsyncIterable<CorpusItem>, context: UnitContext): Promise<Commit> {
  const { run, plan, signal } = context;
  const started = performance.now();
  const tally: Tally = {
    documents: { read: 0, scored: 0, quarantined: 0, skipped: 0 }, leftOut: 0, nonfinite: 0, computedTokens: 0, paddedTokens: 0,
    reused: { documents: 0, tokens: 0 }, devices: new Set(),
  };
  const quarantine = openQuarantine(run, unit, { signal });
  let totals: ShardTotals | undefined;
  try {
    const shard = await commitUnitFile(run, unit, shardName(unit), async (sink) => (totals = await writeShard(unit, items, { sink, quarantine }, tally, context)), {
      verify: async (path) => {
        await checkShard(path, totals!);
        await context.checkInputs(unit);
      },
      signal,
    });
    checkAccounts(unit, tally, plan.windows.layout === 'document' ? shard.result.rows : null);
    return await commitUnit(unit, { shard: shard.file, totals: shard.result, quarantine: await quarantine.close() }, tally, context, started);
  } catch (error) {
    await quarantine.discard();
    throw error;
  }
}

function recordsOf(labels: ReadonlySet<string>, devices: readonly ComputeDevice[]): DeviceRecord[] {
  return distinctDevices(devices.filter(({ device }) => labels.has(deviceLabel(device))).map(({ record }) => record));
}

interface UnitFiles {
  readonly shard: RunFile;
  readonly totals: ShardTotals;
  readonly quarantine: RunFile | null;
}

async function commitUnit(unit: number, { shard, totals: { rows, tokens, scored, lossSum }, quarantine }: UnitFiles, tally: Tally, { run, plan, earlier, devices }: UnitContext, started: number): Promise<Commit> {
  const { commit } = await writeCommit(run, {
    formatVersion: 1,
    unit,
    planHash: planHash(plan),
    shard,
    quarantine,
    rows,
    tokens,
    scored,
    nonfinite: tally.nonfinite,
    lossSum,
    documents: tally.documents,
    computedTokens: tally.computedTokens,
    paddedTokens: tally.paddedTokens,
    devices: recordsOf(tally.devices, devices),
    ...(earlier === null ? {} : { reused: tally.reused }),
    seconds: (performance.now() - started) / 1000,
    host: hostname(),
    finishedAt: new Date().toISOString(),
  });
  return commit;
}

/** Where the rows of a unit go, and what is left out of them. */
interface UnitSinks {
  readonly sink: ByteSink;
  readonly quarantine: QuarantineWriter;
}

async function writeShard(unit: number, items: AsyncIterable<CorpusItem>, { sink, quarantine }: UnitSinks, tally: Tally, context: UnitContext): Promise<ShardTotals> {
  const { plan, sessions, earlier } = context;
  const { stats, lossPrecision, rowGroupTokens } = plan.output;
  const writer = await ShardWriter.open({
    sink,
    columns: { entropy: stats.entropy, top1: stats.top1, tokenBytes: stats.bytes, docStarts: plan.windows.layout === 'packed' },
    metadata: shardMetadata(plan, unit),
    lossPrecision,
    rowGroupTokens,
  });

  const rows = new RowQueue(writer, earlier, prefixId(plan) === null ? 1 : 0);
  const options = batchOptions(plan, context.batchTokens);
  const made = batches(sequences(unit, items, rows, quarantine, tally, options, context), options, (row) => { rows.push(row); });
  const onDevice = (device: Device): void => void tally.devices.add(deviceLabel(device));
  // One batch more than the sessions take at once, so that none waits for this thread.
  for await (const { batch, losses } of mapOrdered(made, sessions.concurrency + 1, (batch) => runInTurn(sessions, batch, context.signal, onDevice))) {
    tally.nonfinite += scatterLosses(batch, losses);
    const computed = batch.sequences * batch.length;
    tally.computedTokens += computed;
    tally.paddedTokens += computed - batch.windows.reduce((sum, { window }) => sum + window.length, 0);
    await rows.writeComplete();
    context.progress.scored(unit, batch.scored);
  }
  await rows.writeComplete();
  if (rows.length > 0) throw new TouchstoneError('internal', `unit ${unit}: ${rows.length} documents are still open after the last batch`);
  tally.nonfinite += rows.reused.nonfinite;
  refuseOverflow(unit, tally.nonfinite, rows.firstNonfinite, context);
  tally.reused = { documents: rows.reused.documents, tokens: rows.reused.tokens };
  return await writer.close();
}

/** A known document takes the memory of so many tokens while it waits: its id, source and hash. */
const KNOWN_TOKENS = 64;

/** The token sequences that become rows of the shard: documents, known ones among them, or packed rows of documents. */
function sequences(
  unit: number,
  items: AsyncIterable<CorpusItem>,
  rows: RowQueue,
  quarantine: QuarantineWriter,
  tally: Tally,
  options: BatchOptions,
  { plan, encode, encodeConcurrency, earlier, progress }: UnitContext,
): AsyncIterable<TokenizedDocument | KnownDocument> {
  const seen = progress.unit(unit);
  const limit = plan.corpus.units[unit]!.limitDocs;
  if (limit !== undefined) seen.limit(limit);
  const read = countingRead(items, tally, seen);
  const documents = tokenize(earlier === null ? read : markKnown(read, earlier), {
    encode,
    concurrency: encodeConcurrency,
    vocabSize: plan.model.vocabSize,
    onTokenized: (tokens, characters) => { seen.tokenized(tokens, characters); },
    async leaveOut(item) {
      tally.documents[item.kind]++;
      tally.leftOut++;
      await quarantine.append(item);
    },
  });
  const counted = tallied(documents, (document) => {
    tally.documents.scored++;
    if (document.kind === 'known') seen.known(document.characters);
  });
  // A GPU is through with a lookahead as soon as its tokens are there: the next one is tokenized meanwhile. A CPU has no core to spare for it.
  const tokensOf = (document: TokenizedDocument | KnownDocument): number => (document.kind === 'known' ? KNOWN_TOKENS : 1 + document.tokenIds.length);
  const scored = plan.model.device === 'cpu' ? counted : readAhead(counted, lookaheadTokens(options), tokensOf);
  if (plan.windows.layout === 'document') return writingKnown(scored, rows);
  return packRows(unknown(scored), packOptions(plan));
}

async function* countingRead(items: AsyncIterable<CorpusItem>, tally: Tally, seen: UnitProgress): AsyncGenerator<CorpusItem, void, undefined> {
  for await (const item of items) {
    tally.documents.read++;
    seen.arrived(item.kind === 'document' ? item.text.length : 0);
    yield item;
  }
  seen.ended();
}

async function* tallied<Item>(items: AsyncIterable<Item>, count: (item: Item) => void): AsyncGenerator<Item, void, undefined> {
  for await (const item of items) {
    count(item);
    yield item;
  }
}

/** Known documents that may pass before their rows are written: where nothing is computed, no batch would do it. */
const WRITE_EVERY = 4096;

async function* writingKnown(documents: AsyncIterable<TokenizedDocument | KnownDocument>, rows: RowQueue): AsyncGenerator<TokenizedDocument | KnownDocument, void, undefined> {
  let passed = 0;
  for await (const document of documents) {
    yield document;
    if (document.kind !== 'known' || ++passed < WRITE_EVERY) continue;
    await rows.writeComplete();
    passed = 0;
  }
}

/** Packed rows have no known documents: a row of one run is none of another. */
async function* unknown(documents: AsyncIterable<TokenizedDocument | KnownDocument>): AsyncGenerator<TokenizedDocument, void, undefined> {
  for await (const document of documents) {
    if (document.kind === 'known') throw new TouchstoneError('internal', `document ${document.id} is known from an earlier run, and packed rows cannot be copied`);
    yield document;
  }
}

/**
 * float16 ends at 65,504: a model whose weights or activations go beyond gives infinities where float32 gives losses. That is the precision's fault and not the
 * text's, so the unit is not written unless the user has said how much of it to accept.
 */
function refuseOverflow(unit: number, nonfinite: number, first: string | null, { plan, nonfiniteLimited }: UnitContext): void {
  if (plan.model.precision !== 'float16' || nonfinite === 0 || nonfiniteLimited) return;
  throw new TouchstoneError('data', `unit ${unit}: ${nonfinite} ${nonfinite === 1 ? 'token has' : 'tokens have'} no finite loss in float16, the first of them in document ${JSON.stringify(first)}`, {
    advice: 'Weights or activations of this model exceed 65,504, the largest number of float16: score it with --precision float32 and another --out. To accept some tokens without a loss, say how many with --max-nonfinite.',
  });
}

function checkAccounts(unit: number, { documents, leftOut }: Tally, rows: number | null): void {
  const { read, scored, quarantined, skipped } = documents;
  if (read === scored + quarantined + skipped && leftOut === quarantined + skipped && (rows === null || rows === scored)) return;
  throw new TouchstoneError(
    'internal',
    `unit ${unit}: documents read must be scored + quarantined + skipped, got ${read} = ${scored} + ${quarantined} + ${skipped}, with ${rows ?? 'no'} rows written`,
  );
}

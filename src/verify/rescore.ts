import { TouchstoneError } from '../errors.js';
import { hashCheckpoint } from '../model/hash-checkpoint.js';
import type { DeviceChoice, DeviceKind, TokenizedDocument } from '../records.js';
import type { Calibration } from '../run/calibration-record.js';
import { runtimeVersion } from '../runtime/version.js';
import { openSessionPool, type SessionPool } from '../runtime/session-pool.js';
import type { Plan } from '../run/plan.js';
import { openReferenceModel } from '../scoring/open-reference-model.js';
import { runBatch } from '../scoring/run-batch.js';
import { batchOptions } from '../scoring/batching.js';
import { TOLERANCE as UNMEASURED } from '../scoring/self-test.js';
import { scatterLosses } from '../windows/batch.js';
import { batches } from '../windows/batches.js';
import type { OpenDocument } from '../windows/open-document.js';
import { sampleNumerics, type SampleNumerics } from './sample-device.js';
import type { SampledRow } from './sample-rows.js';

export interface RescoreOptions {
  /** Where the model is now; default: where the plan found it. */
  readonly modelPath?: string | undefined;
  /** 'auto': the kind the run was scored on, where it works here, else the CPU. */
  readonly device: DeviceChoice;
  readonly threads: number;
}

/** A token whose loss is not the stored one. */
export interface DifferingRow {
  readonly unit: number;
  readonly row: number;
  readonly id: string;
  /** The first token that differs; the one that differs most where only the row's mean does. */
  readonly token: number;
  /** Nats; null = NaN, not scored. */
  readonly stored: number | null;
  readonly recomputed: number | null;
}

export interface SampleReport {
  readonly seed: string;
  readonly rows: number;
  readonly tokens: number;
  /** Nats; how far a loss may be from the stored one. */
  readonly tolerance: number;
  /** Nats; how far those of a row of some length may be on average. */
  readonly meanTolerance: number;
  /** Nats, over the tokens that have a loss in both. */
  readonly largestDifference: number;
  readonly differing: readonly DifferingRow[];
  /** What a user should know; one sentence each. */
  readonly notes: readonly string[];
}

/** Nats, for float32. On the same kind of CPU the bits are equal; between kinds they differ by some 1e-6, between CPU and CUDA by some 1e-5. */
const TOLERANCE: Readonly<Record<DeviceKind, number>> = { cpu: 1e-4, cuda: 1e-3 };
/**
 * For approximations, in multiples of the largest error of the calibration. Where a sum's last bit differs, another kind of CPU rounds an activation to the next
 * integer, and losses differ by a part of what the approximation costs; in float16 on CUDA other batches have other kernels, or the sample is in float32; and a sample's largest error is not the corpus's.
 */
const ERRORS_ALLOWED = 3;
/**
 * The same for the mean of a row, in multiples of the mean error: what single tokens are allowed would let pass the losses of another model. Errors of rows differ
 * by their kind of text: on noise they are twice the mean.
 */
const MEAN_ERRORS_ALLOWED = 5;
/** Tokens from which on a row has a mean worth judging. */
const LEAST_TOKENS = 32;
/** Nats: half a step of the 2^-11 grid that losses may have been rounded to. */
const HALF_STEP = 2 ** -12;
const BATCH_TOKENS = 4096;
/** The losses are compared, and nothing else is computed. */
const NO_STATS = { entropy: false, top1: false };

/**
 * Scores rows again from their token ids, which needs the run's model and neither its corpus nor its tokenizer, and compares the losses. NaN must stand where
 * NaN stood. The model's files are hashed first. Throws a mismatch error where they are not those of the plan.
 */
export async function rescore(rows: AsyncIterable<SampledRow>, plan: Plan, calibration: Calibration | null, seed: string, { modelPath, device, threads }: RescoreOptions, signal?: AbortSignal): Promise<SampleReport> {
  const numerics = await sampleNumerics(plan, device);
  const sessions = await openPlannedModel(plan, modelPath ?? plan.model.location, numerics, threads, signal);
  try {
    return await compareRows(rows, plan, { seed, ...tolerances(plan, numerics.device, calibration) }, numerics, sessions, signal);
  } finally {
    await sessions.close();
  }
}

async function openPlannedModel(plan: Plan, path: string, numerics: SampleNumerics, threads: number, signal: AbortSignal | undefined): Promise<SessionPool> {
  const model = await openReferenceModel(path, NO_STATS);
  const { files, sha256 } = await hashCheckpoint(model, signal);
  if (sha256 !== plan.model.hash) {
    const known = new Map(plan.model.files.map((file) => [file.name, file.sha256]));
    const changed = files.find((file) => known.get(file.name) !== file.sha256);
    const named = changed === undefined ? 'it lacks files of the plan' : `${changed.name} has sha256 ${changed.sha256}, the run was scored with ${known.get(changed.name) ?? 'no such file'}`;
    throw new TouchstoneError('mismatch', `${path} is not the model of this run: ${named}`, { advice: 'Name the folder that holds the model of the run with --model.' });
  }
  const share = { ...(await model.graph(plan.windows.contextLength, numerics)), threads, spin: numerics.device === 'cpu' };
  return await openSessionPool(numerics.devices.map(({ device }) => ({ ...share, device })));
}

async function compareRows(rows: AsyncIterable<SampledRow>, plan: Plan, judgement: Pick<SampleReport, 'seed' | 'tolerance' | 'meanTolerance'>, { device, notes: differences }: SampleNumerics, sessions: SessionPool, signal: AbortSignal | undefined): Promise<SampleReport> {
  const open: { readonly stored: SampledRow; document?: OpenDocument }[] = [];
  const documents = asDocuments(rows, plan, (stored) => open.push({ stored }));
  let opened = 0;
  const report = { rows: 0, tokens: 0, largestDifference: 0, differing: [] as DifferingRow[] };
  const compareComplete = (): void => {
    while (open[0]?.document?.complete === true) {
      const { stored, document } = open.shift()!;
      opened--;
      compare(stored, document!.finish().refLoss, judgement, report);
    }
  };
  for await (const batch of batches(documents, { ...batchOptions({ ...plan, model: { ...plan.model, device } }, BATCH_TOKENS), stats: NO_STATS }, (document) => { open[opened++]!.document = document; })) {
    signal?.throwIfAborted();
    const { losses } = await runBatch(sessions, batch);
    scatterLosses(batch, losses);
    compareComplete();
  }
  compareComplete();
  const notes = [
    ...differences,
    ...(runtimeVersion() === plan.tool.onnxruntime ? [] : [`the run was scored with onnxruntime ${plan.tool.onnxruntime}, the sample with ${runtimeVersion()}`]),
  ];
  return { ...judgement, ...report, notes };
}

function tolerances({ model, output }: Plan, device: DeviceKind, calibration: Calibration | null): Pick<SampleReport, 'tolerance' | 'meanTolerance'> {
  const exact = Math.max(TOLERANCE[model.device], TOLERANCE[device]) + (output.lossPrecision === 'grid11' ? HALF_STEP : 0);
  // Nobody knows what the precision costs this model; the self-test allows what it may cost another.
  if (calibration?.notCompared !== undefined) return { tolerance: UNMEASURED[model.precision].token, meanTolerance: UNMEASURED[model.precision].mean };
  return { tolerance: exact + ERRORS_ALLOWED * (calibration?.maxError ?? 0), meanTolerance: exact + MEAN_ERRORS_ALLOWED * (calibration?.meanError ?? 0) };
}

/** A row as the text it was scored from. */
async function* asDocuments(rows: AsyncIterable<SampledRow>, plan: Plan, onRow: (row: SampledRow) => void): AsyncGenerator<TokenizedDocument, void, undefined> {
  for await (const row of rows) {
    onRow(row);
    const fillFrom = plan.windows.layout === 'packed' ? endOfText(row, plan.windows.eosId!) : row.tokenIds.length;
    yield { kind: 'tokenized', id: row.id, source: '', hash: '', tokenIds: row.tokenIds, ...(fillFrom === row.tokenIds.length ? {} : { fillFrom }) };
  }
}

/** Where the fill of a unit's last packed row begins: it is EOS without a loss, up to the end. */
function endOfText({ tokenIds, refLoss }: SampledRow, eosId: number): number {
  let end = tokenIds.length;
  while (end > 0 && tokenIds[end - 1] === eosId && Number.isNaN(refLoss[end - 1])) end--;
  return end;
}

function compare(stored: SampledRow, recomputed: Float32Array, { tolerance, meanTolerance }: Pick<SampleReport, 'tolerance' | 'meanTolerance'>, report: { rows: number; tokens: number; largestDifference: number; differing: DifferingRow[] }): void {
  let first = -1;
  let worst = 0;
  let [sum, count, largest] = [0, 0, 0];
  for (let token = 0; token < recomputed.length; token++) {
    const [was, is] = [stored.refLoss[token]!, recomputed[token]!];
    const difference = Math.abs(was - is); // NaN where one of them is
    const same = Number.isNaN(difference) ? Number.isNaN(was) && Number.isNaN(is) : difference <= tolerance;
    if (!same && first < 0) first = token;
    if (Number.isNaN(difference)) continue;
    if (difference > largest) [largest, worst] = [difference, token];
    sum += difference;
    count++;
  }
  if (first < 0 && count >= LEAST_TOKENS && sum / count > meanTolerance) first = worst;
  report.largestDifference = Math.max(report.largestDifference, largest);
  report.rows++;
  report.tokens += recomputed.length;
  if (first < 0) return;
  const { unit, row, id, refLoss } = stored;
  report.differing.push({ unit, row, id, token: first, stored: orNull(refLoss[first]!), recomputed: orNull(recomputed[first]!) });
}

const orNull = (loss: number): number | null => (Number.isNaN(loss) ? null : loss);

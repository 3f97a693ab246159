import { join } from 'node:path';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

import { fileChunks, openFile } from '../../stream/file-chunks.js';
import { AppendFile } from './append-file.js';
import { MEASURED, type Measured, type StepMetrics } from './step-metrics.js';
import { decodeRecord, encodeRecord } from './tf-record.js';

/** TensorBoard reads every file of a folder whose name holds "tfevents". */
export const EVENT_FILE = 'events.out.tfevents.touchstone';
/** Names the format to readers, which purge what a restarted run left only from version 2 on. */
const FILE_VERSION = 'brain.Event:2';

/** More than any record of ours: so much without a whole record is damage, not a record that goes on in the next chunk. */
const MAX_RECORD_BYTES = 1024 * 1024;

/** Scalars by the sections they stand in. */
const TAGS: Readonly<Record<Measured, string>> = {
  loss: 'train/loss',
  lossAll: 'train/loss_of_all_tokens',
  gradientNorm: 'train/gradient_norm',
  learningRate: 'train/learning_rate',
  keptShare: 'selection/kept_share',
  meanExcessKept: 'selection/mean_excess_of_kept',
  meanExcessDropped: 'selection/mean_excess_of_dropped',
  tokensPerSecond: 'speed/tokens_per_second',
  stepSeconds: 'speed/step_seconds',
};

/**
 * A TensorBoard event file, open for appending. Times are given by the caller in seconds since 1970; values of NaN are left out, as there is nothing to
 * draw, and counts above 2^24 are rounded to float32, which is what the format holds.
 */
export class EventFile {
  /** Bytes that were cut off when the file was opened: a record that was cut short, or whatever follows a damaged one. */
  readonly removedBytes: number;
  readonly #file: AppendFile;

  private constructor(file: AppendFile, removedBytes: number) {
    this.#file = file;
    this.removedBytes = removedBytes;
  }

  /**
   * Opens the event file of a folder, creating it where there is none. A run that goes on from a checkpoint gives its step: a marker in the file makes
   * TensorBoard drop what the interrupted run had written of later steps (null: of all steps). No whole record is rewritten: TensorBoard may be reading.
   */
  static async open(folder: string, throughStep: number | null, wallSeconds: number): Promise<EventFile> {
    let removedBytes = 0;
    const file = await AppendFile.open(join(folder, EVENT_FILE), async (path) => {
      const whole = await wholeRecords(path);
      removedBytes = whole.removedBytes;
      return whole.bytes;
    });
    const first = file.bytes === 0 ? versionEvent(wallSeconds) : restartEvent(wallSeconds, (throughStep ?? -1) + 1);
    try {
      await file.append(encodeRecord(first));
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
    return new EventFile(file, removedBytes);
  }

  async append(record: StepMetrics, wallSeconds: number): Promise<void> {
    const scalars = scalarEvent(record, wallSeconds);
    if (scalars !== undefined) await this.#file.append(encodeRecord(scalars));
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

// Field numbers of tensorflow's event.proto and summary.proto:
// https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto

function versionEvent(wallSeconds: number): Uint8Array {
  return event(wallSeconds, 0).tag(3, WireType.LengthDelimited).string(FILE_VERSION).finish();
}

function restartEvent(wallSeconds: number, step: number): Uint8Array {
  const START = 1;
  return event(wallSeconds, step).tag(7, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int32(START).join().finish();
}

function scalarEvent(record: StepMetrics, wallSeconds: number): Uint8Array | undefined {
  const scalars: (readonly [string, number])[] = [
    ...MEASURED.map((key) => [TAGS[key], record[key]] as const),
    ...(record.weightShare === undefined ? [] : [['selection/weight_share', record.weightShare] as const]),
    ...(record.evaluations ?? []).map(({ name, loss }) => [`evaluation/${name}`, loss] as const),
  ].filter(([, value]) => !Number.isNaN(value));
  if (scalars.length === 0) return undefined;
  scalars.push(['tokens/consumed', record.consumedTokens], ['tokens/trained', record.trainedTokens]);
  const writer = event(wallSeconds, record.step).tag(5, WireType.LengthDelimited).fork();
  for (const [tag, value] of scalars) {
    writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.LengthDelimited).string(tag).tag(2, WireType.Bit32).float(value).join();
  }
  return writer.join().finish();
}

function event(wallSeconds: number, step: number): BinaryWriter {
  return new BinaryWriter().tag(1, WireType.Bit64).double(wallSeconds).tag(2, WireType.Varint).int64(step);
}

/** The length of the file up to the first record that is cut short or damaged, where readers stop. */
async function wholeRecords(path: string): Promise<{ readonly bytes: number; readonly removedBytes: number }> {
  await using file = await openFile(path);
  let rest = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of fileChunks(file, path)) {
    rest = Buffer.concat([rest, chunk]);
    let at = 0;
    for (let record = decodeRecord(rest, at); record !== undefined; record = decodeRecord(rest, at)) at = record.end;
    bytes += at;
    rest = rest.subarray(at);
    if (rest.length > MAX_RECORD_BYTES) break;
  }
  return { bytes, removedBytes: (await file.stat()).size - bytes };
}

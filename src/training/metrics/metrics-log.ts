import { TouchstoneError } from '../../errors.js';
import { fileChunks, openFile } from '../../stream/file-chunks.js';
import { AppendFile } from './append-file.js';
import { metricsLine, parseMetricsLine, type StepMetrics } from './step-metrics.js';

const LINE_BREAK = 10;

/** metrics.jsonl, open for appending: one line a record, in the order of the steps. */
export class MetricsLog {
  /** Lines that were cut off when the log was opened: those of steps after the checkpoint, and one that was cut short. */
  readonly removedLines: number;
  readonly #file: AppendFile;
  #lastStep: number;

  private constructor(file: AppendFile, { lastStep, removedLines }: KeptLines) {
    this.#file = file;
    this.#lastStep = lastStep;
    this.removedLines = removedLines;
  }

  /**
   * Opens the log, creating it where there is none, and cuts it back to the records up to and including `throughStep`, that of the checkpoint the run
   * goes on from; null keeps none. Throws an io error that names the line where one of those kept is damaged.
   */
  static async open(path: string, throughStep: number | null): Promise<MetricsLog> {
    let kept: KeptLines = { bytes: 0, lastStep: 0, removedLines: 0 };
    const file = await AppendFile.open(path, async () => {
      kept = await keptLines(path, throughStep ?? -1);
      return kept.bytes;
    });
    return new MetricsLog(file, kept);
  }

  /** Appends a record; what is in the file is whole lines whenever the process is killed. One call at a time. */
  async append(record: StepMetrics): Promise<void> {
    if (record.step < this.#lastStep) {
      throw new TouchstoneError('internal', `records of ${this.#file.path} must be in the order of their steps, found step ${record.step} after step ${this.#lastStep}`);
    }
    await this.#file.append(Buffer.from(`${metricsLine(record)}\n`));
    this.#lastStep = record.step;
  }

  /** Makes all records durable. To be called before a checkpoint of the same step is committed: a resumed run relies on finding them. */
  sync(): Promise<void> {
    return this.#file.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Every record of a log, in order; a last line that is not whole yet is left out. Throws an io error that names a damaged line. */
export async function readMetrics(path: string): Promise<StepMetrics[]> {
  const records: StepMetrics[] = [];
  for await (const { text, number } of lines(path)) {
    if (text !== undefined) records.push(parseMetricsLine(text, `line ${number} of ${path}`));
  }
  return records;
}

interface KeptLines {
  readonly bytes: number;
  readonly lastStep: number;
  readonly removedLines: number;
}

async function keptLines(path: string, throughStep: number): Promise<KeptLines> {
  let bytes = 0;
  let lastStep = 0;
  let removedLines = 0;
  for await (const { text, number, end } of lines(path)) {
    const { step } = removedLines > 0 || text === undefined ? { step: Infinity } : parseMetricsLine(text, `line ${number} of ${path}`);
    if (step > throughStep) removedLines++;
    else {
      bytes = end;
      lastStep = step;
    }
  }
  return { bytes, lastStep, removedLines };
}

interface Line {
  /** undefined for the rest of the file after its last line break, where there is any. */
  readonly text: string | undefined;
  /** From 1. */
  readonly number: number;
  /** The byte after it. */
  readonly end: number;
}

async function* lines(path: string): AsyncGenerator<Line, void, undefined> {
  await using file = await openFile(path);
  let rest = Buffer.alloc(0);
  let number = 0;
  let end = 0;
  for await (const chunk of fileChunks(file, path)) {
    const bytes = Buffer.concat([rest, chunk]);
    let start = 0;
    for (let at = bytes.indexOf(LINE_BREAK); at >= 0; at = bytes.indexOf(LINE_BREAK, start)) {
      end += at + 1 - start;
      yield { text: bytes.toString('utf8', start, at), number: ++number, end };
      start = at + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield { text: undefined, number: number + 1, end: end + rest.length };
}

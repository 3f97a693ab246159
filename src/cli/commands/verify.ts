import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { TouchstoneError } from '../../errors.js';
import type { SampleReport } from '../../verify/rescore.js';
import { verifyRun, type SampleOptions, type VerifyReport } from '../../verify/verify-run.js';
import { deviceChoice } from '../device-choice.js';
import { listenForInterrupt } from '../interrupt.js';
import { bytesText, counted } from '../number-text.js';
import { shortPath } from '../short-path.js';
import { oneLine, terminalText } from '../terminal-text.js';

export interface VerifyFlags {
  readonly sample?: string;
  readonly seed?: string;
  readonly model?: string;
  readonly device?: string;
  readonly threads?: string;
  readonly json?: boolean;
}

/** A line of progress this often. */
const LINE_MS = 15_000;
const ID_CHARACTERS = 40;
const ROWS_SHOWN = 10;

/** Prints the report, then throws where something is wrong: damage before differing losses before missing units. */
export async function printVerify(folder: string, flags: VerifyFlags): Promise<void> {
  const run = resolve(folder);
  const sample = sampleOptions(flags);
  const interrupt = listenForInterrupt('Nothing was changed.');
  let lastLine = performance.now();
  try {
    const report = await verifyRun(run, sample, {
      signal: interrupt.signal,
      onUnit(done, total) {
        if (performance.now() - lastLine < LINE_MS) return;
        lastLine = performance.now();
        process.stderr.write(`${done} of ${counted(total, 'unit')} checked\n`);
      },
    });
    process.stdout.write(flags.json === true ? `${JSON.stringify({ run, ...report })}\n` : reportText(shortPath(run), report));
    judge(run, report);
  } finally {
    interrupt.dispose();
  }
}

function reportText(run: string, { finished, units, files, bytes, problems, sample }: VerifyReport): string {
  const lines = [`checked    ${run}: ${units.committed} of ${counted(units.total, 'unit')}, ${counted(files, 'file')}, ${bytesText(bytes)}${finished ? '' : '; the run is not finished'}`];
  for (const { file, message, advice } of problems) lines.push(`problem    ${terminalText(file)}: ${terminalText(message)}`, `           ${advice}`);
  if (sample !== null) lines.push(...sampleLines(sample));
  if (problems.length === 0) lines.push('result     no damage found');
  return `${lines.join('\n')}\n`;
}

function sampleLines({ seed, rows, tokens, largestDifference, tolerance, meanTolerance, differing, notes }: SampleReport): string[] {
  const value = (loss: number | null): string => (loss === null ? 'NaN' : loss.toFixed(6));
  return [
    `sample     ${counted(rows, 'row')}, ${counted(tokens, 'token')}, --seed ${terminalText(seed)}: largest difference ${largestDifference.toPrecision(3)} nats, at most ${tolerance.toPrecision(3)} allowed${meanTolerance < tolerance ? `, and ${meanTolerance.toPrecision(3)} on average of a row` : ''}`,
    ...notes.map((note) => `note       ${note}`),
    ...differing
      .slice(0, ROWS_SHOWN)
      .map(({ unit, row, id, token, stored, recomputed }) => `differs    unit ${unit}, row ${row} (${oneLine(id, ID_CHARACTERS)}), token ${token}: ${value(stored)} is stored, ${value(recomputed)} computed`),
    ...(differing.length > ROWS_SHOWN ? [`           and ${counted(differing.length - ROWS_SHOWN, 'row')} more`] : []),
  ];
}

function judge(run: string, { finished, units, problems, sample }: VerifyReport): void {
  if (problems.length > 0) {
    throw new TouchstoneError('io', `${run} is damaged: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}, the first in ${problems[0]!.file}`, { advice: problems[0]!.advice });
  }
  if (sample !== null && sample.differing.length > 0) {
    throw new TouchstoneError('data', `${sample.differing.length} of ${sample.rows} rows have other losses than their model gives`, {
      advice: 'The files are as they were written: what wrote them computed something else. Do not train on this run before you know why.',
    });
  }
  if (!finished) {
    const missing = units.total - units.committed;
    throw new TouchstoneError('retryable', missing === 0 ? `${run} is whole and not finalized` : `${run} is whole as far as it goes: ${missing} of ${counted(units.total, 'unit')} ${missing === 1 ? 'is' : 'are'} missing`, {
      advice: missing === 0 ? `touchstone finalize ${run} writes its manifest.` : 'Run the touchstone score command of this run again.',
    });
  }
}

function sampleOptions({ sample, seed, model, device, threads }: VerifyFlags): SampleOptions | null {
  if (sample === undefined) {
    const lone = Object.entries({ '--seed': seed, '--model': model, '--device': device, '--threads': threads }).find(([, value]) => value !== undefined);
    if (lone === undefined) return null;
    throw new TouchstoneError('usage', `${lone[0]} has a meaning with --sample only`, { advice: 'For example --sample 20.' });
  }
  return {
    rows: countOf('--sample', sample),
    seed: seed ?? randomBytes(4).toString('hex'),
    modelPath: model === undefined ? undefined : resolve(model),
    device: deviceChoice(device ?? 'auto'),
    threads: threads === undefined ? availableParallelism() : countOf('--threads', threads),
  };
}

function countOf(flag: string, text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count > 0) return count;
  throw new TouchstoneError('usage', `${flag} must be a whole number of at least 1, got ${JSON.stringify(text)}`);
}

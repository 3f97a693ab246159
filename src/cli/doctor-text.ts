import { isFault, type CudaDiagnosis, type Finding } from '../runtime/cuda/diagnosis.js';
import { deviceLabel } from '../runtime/device-faults.js';
import type { Processor } from '../runtime/processor.js';
import type { Trial } from '../scoring/trial.js';
import { bytesText, durationText } from './number-text.js';
import { terminalText } from './terminal-text.js';

export interface ExaminedMachine {
  readonly node: string;
  readonly onnxruntime: string;
  readonly processor: Processor;
  readonly cuda: CudaDiagnosis;
}

export function machineText({ node, onnxruntime, processor, cuda }: ExaminedMachine): string {
  const { model, cores, memoryBytes, int8 } = processor;
  const lines = [
    `processor  ${terminalText(model)}, ${cores} cores for this process, ${bytesText(memoryBytes)}; ${int8 === null ? 'no fast 8-bit products known' : `${int8} for --precision int8`}`,
    `runtime    onnxruntime-node ${onnxruntime}, Node.js ${node}`,
    '',
    'CUDA',
    ...cuda.findings.flatMap(findingLines),
    '',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

const INDENT = 12;

function findingLines(finding: Finding): string[] {
  const { subject, state, expected, found } = finding;
  const line = `  ${state.padEnd(INDENT - 2)}${subject}: ${terminalText(found)}`;
  return isFault(finding) ? [line, `${' '.repeat(INDENT)}expected ${terminalText(expected)}`] : [line];
}

export function trialText({ device, precision, seconds, problem }: Trial): string {
  const outcome = problem === null ? `works: golden texts scored in ${durationText(seconds)}, and the losses are those of a CPU` : `does not work: ${terminalText(problem)}`;
  return `tried      ${deviceLabel(device)} in ${precision} ${outcome}\n`;
}

/** What to do, where something is to be done, and as the last line what works. */
export function verdictText(cuda: CudaDiagnosis, trials: readonly Trial[]): string {
  const faults = cuda.findings.filter(isFault);
  const steps = [...new Set(faults.flatMap(({ fix }) => fix ?? []))];
  const listed = steps.length > 1 ? ['', 'to use CUDA', ...steps.map((step, at) => `  ${at + 1}. ${step}`), ''] : [];
  const cpu = trials.find(({ device }) => device.kind === 'cpu')!;
  const verdict = `CPU: ${cpu.problem === null ? 'works' : `does not work: ${terminalText(cpu.problem)}`}. CUDA: ${cudaVerdict(cuda, faults, steps, trials)}`;
  return [...listed, verdict].map((line) => `${line}\n`).join('');
}

function cudaVerdict({ devices }: CudaDiagnosis, faults: readonly Finding[], steps: readonly string[], trials: readonly Trial[]): string {
  const [first] = faults;
  if (first !== undefined) {
    const others = faults.length === 1 ? '' : ` (and ${faults.length - 1} more)`;
    const todo = steps.length === 0 ? '' : `; do this: ${steps.length === 1 ? steps[0]! : `the ${steps.length} steps above`}`;
    return `does not work: ${first.subject}: ${terminalText(first.found)}${others}${todo}`;
  }
  const tried = trials.flatMap(({ device, problem }) => (device.kind === 'cuda' ? [{ label: deviceLabel(device), problem, name: devices.find(({ id }) => id === device.id)?.name ?? '' }] : []));
  const works = tried.filter(({ problem }) => problem === null).map(({ label, name }) => `${label} ${terminalText(name)}`);
  const fails = tried.filter(({ problem }) => problem !== null).map(({ label, problem }) => `${label}: ${terminalText(problem!)}`);
  return [works.length === 0 ? '' : `works on ${works.join(', ')}`, fails.length === 0 ? '' : `does not work on ${fails.join('; ')}`].filter((part) => part !== '').join('; ');
}

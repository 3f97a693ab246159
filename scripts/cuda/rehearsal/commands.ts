import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const MACHINE = fileURLToPath(new URL('machine.mjs', import.meta.url));

/** A whole command on a device with a fault, and how it must end. */
interface Command {
  readonly name: string;
  readonly args: readonly string[];
  /** Settings of the stand-in. */
  readonly device: Readonly<Record<string, string>>;
  readonly status: number;
  readonly says: RegExp;
}

const score = (folder: string): string[] => [
  'score', '--corpus', join(ROOT, 'pipelines/demo/heldout.jsonl'), '--model', join(ROOT, 'pipelines/demo/model'), '--out', join(folder, 'run'), '--device', 'cuda', '--limit-docs', '20',
];
const train = (folder: string): string[] => [
  'train', ...[
    'objective.kind=causal', `model.path=${join(ROOT, 'pipelines/demo/model')}`, `data.corpus=${join(ROOT, 'pipelines/demo/heldout.jsonl')}`, 'data.length=64', 'batch.sequences=2',
    'optimizer.learningRate=0.001', 'run.steps=4', 'run.device=cuda', 'run.stepsPerTransfer=1', `output.folder=${join(folder, 'trained')}`,
  ].flatMap((setting) => ['--set', setting]),
];

/** What no result of a kernel is needed for: that a device which fails, or computes something else than a CPU, ends a command as the README says. */
function commandsIn(folder: string): readonly Command[] {
  return [
    { name: 'a device that computes nothing is not scored with', args: score(folder), device: {}, status: 74, says: /cuda:0 \(stand-in, driver [^)]+\) fails the self-test in float16: token 0 of text 0 must have a loss of/ },
    { name: 'a context that breaks ends the command with 75', args: score(folder), device: { STAND_IN_BREAK_AT: '100' }, status: 75, says: /cuda:0 \(stand-in, driver [^)]+\) is lost in the self-test: CUDA error cudaErrorLaunchFailure: unspecified launch failure/ },
    { name: 'too little memory is told as that', args: score(folder), device: { STAND_IN_MEMORY_MIB: '4' }, status: 75, says: /cuda:0 has run out of memory on .*no room for a buffer of \d+ bytes/ },
    { name: 'training loads its graphs, takes steps and ends', args: train(folder), device: {}, status: 0, says: /step 4\b|4 steps|trained/ },
  ];
}

/** Runs them all; prints a line for each and what is wrong. Returns how many ended otherwise. */
export function rehearseCommands(folder: string, libraries: string): number {
  let faulty = 0;
  for (const { name, args, device, status, says } of commandsIn(folder)) {
    const environment = { ...process.env, ...device, LD_LIBRARY_PATH: libraries, NODE_OPTIONS: `--import ${MACHINE}`, TOUCHSTONE_PRETENDED_CUDA: JSON.stringify({ devices: ['stand-in'] }) };
    const ended = spawnSync(process.execPath, [join(ROOT, 'dist/cli/main.js'), ...args], { encoding: 'utf8', env: environment });
    const well = ended.status === status && says.test(ended.stderr + ended.stdout);
    console.log(`${well ? 'right' : 'WRONG'}: ${name}`);
    if (well) continue;
    faulty++;
    console.log(`  it must end with ${status} and say ${says}; it ended with ${ended.status ?? ended.signal}:\n${ended.stderr}`);
  }
  return faulty;
}

/**
 * Takes every kind of graph through onnxruntime's CUDA provider on a machine without a GPU, with a stand-in for NVIDIA's libraries (stand-in/stand-in.h) that has
 * memory and a clock and computes nothing. What shows without a result is real: whether the provider loads a graph, the kernels it launches and their grids, the products
 * it asks cuBLAS for, what is left to the CPU, every copy between host and device, every wait, and the memory of the device. What a kernel computes, and how long it
 * takes, does not show.
 *
 *   npm run test:cuda [-- --only llama]
 *
 * Needs the provider (npm run setup:cuda) and a C compiler; without them it says what is missing and ends well. Exit code 1 where a graph is not as it should be.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runtimeFolder } from '../../src/runtime/cuda/environment.js';
import { CUDA_PROVIDER } from '../../src/runtime/cuda/provider.js';
import { lackingFiles } from './provider-files.js';
import { rehearsals } from './rehearsal/cases.js';
import { rehearseCommands } from './rehearsal/commands.js';
import { faultsOf } from './rehearsal/faults.js';
import type { Rehearsed } from './rehearsal/rehearsal.js';
import { HEADINGS, lineOf } from './rehearsal/table.js';
import { parseTrace } from './rehearsal/trace.js';
import { buildStandIn } from './stand-in/build.js';

const PROCESS = fileURLToPath(new URL('rehearsal/session.process.ts', import.meta.url));

const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
const obstacle = await findObstacle();
if (obstacle === undefined) process.exitCode = await rehearseAll();
else console.log(`test:cuda skipped: ${obstacle}`);

async function findObstacle(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the provider is for Linux on x64';
  const lacking = await lackingFiles(runtimeFolder(), CUDA_PROVIDER.files);
  if (lacking.length > 0) return `${lacking.map(({ name }) => name).join(' and ')} must lie beside onnxruntime-node's library: npm run setup:cuda`;
  return spawnSync('cc', ['--version']).status === 0 ? undefined : 'there is no C compiler (cc); on Debian: apt-get install gcc libc6-dev';
}

async function rehearseAll(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-rehearsal-'));
  try {
    const libraries = join(folder, 'libraries');
    mkdirSync(libraries);
    buildStandIn(libraries);
    const all = (await rehearsals(folder)).filter(({ name }) => name.includes(values.only));
    const trace = join(folder, 'trace');
    const { stdout, stderr, status } = spawnSync(process.execPath, [...process.execArgv, PROCESS], {
      input: JSON.stringify(all), encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, LD_LIBRARY_PATH: libraries, STAND_IN_TRACE: trace },
    });
    const answers = stdout.trimEnd().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Rehearsed | { readonly problem: string });
    if (status !== 0 || answers.length < all.length) {
      console.error(`the process ended with ${status} in ${all[answers.length]?.name ?? 'its end'}:\n${stderr}`);
      return 1;
    }
    const traces = parseTrace(readFileSync(trace, 'utf8'));
    console.log(HEADINGS);
    let faulty = 0;
    for (const [at, rehearsal] of all.entries()) {
      const answer = answers[at]!;
      const faults = 'problem' in answer ? [answer.problem] : faultsOf(rehearsal, answer, traces[at]!.stretches);
      if (!('problem' in answer)) console.log(lineOf(rehearsal, answer, traces[at]!.stretches));
      for (const fault of faults) console.log(`WRONG: ${rehearsal.name}: ${fault}`);
      faulty += Number(faults.length > 0);
    }
    console.log(faulty === 0 ? `\n${all.length} graphs, all as they should be\n` : `\n${faulty} of ${all.length} graphs are not as they should be\n`);
    if (values.only === '') faulty += rehearseCommands(folder, libraries);
    return faulty === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

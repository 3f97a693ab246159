import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hashFile } from '../../stream/file-hash.js';
import { runtimeVersion } from '../version.js';

/** Everything a diagnosis asks of the machine, so that tests can be any machine. */
export interface CudaEnvironment {
  /** As "linux-x64". */
  readonly platform: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly runtimeVersion: string;
  /** Where onnxruntime-node keeps its library, and looks for providers. */
  readonly runtimeFolder: string;
  /** This program's own folder. */
  readonly programFolder: string;
  /** Names in a folder; none where it cannot be read. */
  list(folder: string): Promise<readonly string[]>;
  /** null where the file cannot be read. */
  read(path: string): Promise<string | null>;
  /** The path without links; null where nothing is there. */
  realPath(path: string): Promise<string | null>;
  /** Lower-case hex; null where the file cannot be read. */
  sha256(path: string): Promise<string | null>;
  contains(path: string, bytes: Buffer): Promise<boolean>;
  /** null where there is no such command, or it does not answer within ten seconds. */
  run(command: string, args: readonly string[]): Promise<CommandAnswer | null>;
}

export interface CommandAnswer {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const COMMAND_MS = 10_000;

/** Where the installed onnxruntime-node keeps its native library. */
export function runtimeFolder(): string {
  const root = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
  return join(root, 'bin/napi-v6', process.platform, process.arch);
}

export function thisMachine(): CudaEnvironment {
  return {
    platform: `${process.platform}-${process.arch}`,
    variables: process.env,
    runtimeVersion: runtimeVersion(),
    runtimeFolder: runtimeFolder(),
    programFolder: fileURLToPath(new URL('../../../', import.meta.url)),
    list: (folder) => readdir(folder).catch(() => []),
    read: (path) => readFile(path, 'utf8').catch(() => null),
    realPath: (path) => realpath(path).catch(() => null),
    sha256: (path) => hashFile(path).then(({ sha256 }) => sha256, () => null),
    contains,
    run,
  };
}

async function contains(path: string, bytes: Buffer): Promise<boolean> {
  let tail = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const joined = Buffer.concat([tail, chunk]);
    if (joined.includes(bytes)) return true;
    tail = joined.subarray(-(bytes.length - 1));
  }
  return false;
}

function run(command: string, args: readonly string[]): Promise<CommandAnswer | null> {
  return new Promise((answer) => {
    execFile(command, args, { timeout: COMMAND_MS, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } }, (error, stdout, stderr) => {
      if (error !== null && (typeof error.code !== 'number' || error.killed === true)) answer(null);
      else answer({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

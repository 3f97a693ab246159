import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { TouchstoneError } from '../../src/errors.js';

/** The npm that runs this script, or the one of PATH. */
function npmCommand(): readonly [command: string, ...first: string[]] {
  const own = process.env['npm_execpath'];
  return own !== undefined && /npm-cli\.c?js$/.test(own) ? [process.execPath, own] : ['npm'];
}

/**
 * `npm pack`, with whatever registry, proxy and credentials npm is configured for. Nothing of the package is run.
 * @returns path of the .tgz in `folder`
 * @throws TouchstoneError ('io') with what npm said
 */
export async function fetchPackage(name: string, version: string, folder: string, workingFolder: string, command = npmCommand()): Promise<string> {
  const specification = `${name}@${version}`;
  const [program, ...first] = command;
  const options = ['--pack-destination', folder, '--ignore-scripts', '--loglevel', 'error', '--fetch-retries', '1'];
  const { code, stdout, stderr } = await run(program, [...first, 'pack', specification, ...options], workingFolder);
  const file = stdout.trim().split('\n').at(-1) ?? '';
  if (code === 0 && file.endsWith('.tgz')) return join(folder, file);
  const said = stderr
    .split('\n')
    .filter((line) => /^npm (error|ERR!)/i.test(line) && !/log of this run|npm (error|ERR!)\s+at /i.test(line))
    .map((line) => line.replace(/^npm (error|ERR!)\s*/i, '  '));
  throw new TouchstoneError('io', `npm could not fetch ${specification}:\n${said.slice(0, 4).join('\n') || `  it ended with ${code}`}`, {
    advice:
      `npm asks the registry it is configured for. Without one, run "npm pack ${specification}" where there is one, and here: ` +
      `npm run setup:cuda -- --from ${name}-${version}.tgz`,
  });
}

function run(command: string, args: readonly string[], cwd: string): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => { stdout += chunk.toString(); });
    child.stderr.on('data', (chunk: Buffer) => { stderr += chunk.toString(); });
    child.on('error', (cause) => {
      reject(new TouchstoneError('io', `cannot run ${command}: ${cause.message}`, { advice: 'npm comes with Node.js.', cause }));
    });
    child.on('close', (code) => { resolve({ code: code ?? 1, stdout, stderr }); });
  });
}

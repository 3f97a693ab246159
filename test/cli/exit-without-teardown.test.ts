import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const MODULE = fileURLToPath(new URL('../../dist/cli/exit-without-teardown.js', import.meta.url));

/** Runs a script that has a thread which blocks for ever, and an exit handler. */
function ended(code: number): { readonly status: number | null; readonly output: string } {
  const script = `
    import { Worker } from 'node:worker_threads';
    import { exitWithoutTeardown } from ${JSON.stringify(MODULE)};
    const thread = new Worker("import('node:worker_threads').then(({ parentPort }) => { parentPort.postMessage(0); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); })", { eval: true });
    await new Promise((resolve) => thread.once('message', resolve));
    process.on('exit', () => console.log('torn down'));
    process.stdout.write('last words\\n');
    process.stderr.write('and an error\\n');
    exitWithoutTeardown(${code});
  `;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

describe('an end without teardown', () => {
  it.each([0, 1, 64, 75, 130, 255])('has the exit code %d, and all that was written before', (code) => {
    expect(ended(code)).toEqual({ status: code, output: 'last words\nand an error\n' });
  });
});

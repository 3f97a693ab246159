import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { lasting } from './bench.js';
import { injecting, isRoot, straceWorks, works, type Suite } from './family.js';
import { reads } from './reads.js';
import { expectEnd, type Conditions } from './touchstone.js';

/** Disks that are full or broken, and limits of the system: told by name, and nothing of it stays once they are gone. */
export async function disk(suite: Suite): Promise<void> {
  await fullDisk(suite);
  if (works('prlimit', '--nofile=64', 'true')) {
    for (const files of suite.long ? [22, 24, 26, 28, 30, 32, 36, 40] : [28]) {
      await limited(suite, 'limit of open files', { under: ['prlimit', `--nofile=${files}`] }, [0, 74], /too many files open|EMFILE|limit of open files/);
    }
    const largest = Math.max(...lasting(suite.bench.whole).map((name) => statSync(join(suite.bench.whole, name)).size));
    for (const bytes of suite.long ? [1, 512, 1024, 2048, 4096, largest - 1] : [1024, largest - 1]) {
      await limited(suite, 'limit of file size', { under: ['prlimit', `--fsize=${bytes}`] }, [74], /the file would be larger than the limit \(EFBIG\)/);
    }
  } else suite.tally.skip('limits of open files and file size', 'prlimit is not there');
  if (straceWorks()) {
    for (const when of suite.long ? Array.from({ length: 24 }, (_, at) => at + 1) : [1, 9]) {
      await limited(suite, 'EIO on one fsync', injecting('fsync', `error=EIO:when=${when}`), [0, 75], /cannot sync .*input\/output error \(EIO\)/);
    }
    await limited(suite, 'EIO on every fsync', injecting('fsync', 'error=EIO'), [75], /cannot sync .*input\/output error \(EIO\)/);
    await reads(suite);
  } else suite.tally.skip('EIO on fsync and on reads', 'strace is not there, or may not trace');
}

/** A run under bad conditions, which must end with one of these exit codes, and say why unless it gets through; then without them. */
async function limited({ bench, tally }: Suite, fault: string, conditions: Conditions, codes: readonly number[], message: RegExp): Promise<void> {
  await tally.trial(fault, async () => {
    const run = bench.newRun();
    const ended = await bench.score(run, conditions);
    if (!codes.includes(ended.code ?? -1)) throw new Error(`exit code ${codes.join(' or ')} was expected, it was ${ended.code ?? ended.signal}: ${ended.stderr}`);
    if (ended.code !== 0) expectEnd(ended, ended.code!, message);
    expectEnd(await bench.score(run), 0);
    return await bench.inspect(run);
  });
}

/** A file system that is too small, then larger. */
async function fullDisk({ bench, tally, long }: Suite): Promise<void> {
  const fault = 'no space on the disk, then space';
  const disk = join(bench.folder, 'disk');
  mkdirSync(disk);
  const mount = (...args: readonly string[]): void => { execFileSync('mount', ['-t', 'tmpfs', ...args, 'tmpfs', disk], { stdio: 'ignore' }); };
  try {
    if (!isRoot()) throw new Error();
    mount('-o', 'size=16k');
  } catch {
    tally.skip(fault, 'there is no right to mount');
    return;
  }
  execFileSync('umount', [disk]);
  for (const kib of long ? [4, 8, 12, 16, 20, 24, 28, 32, 36, 40] : [8, 20]) {
    mount('-o', `size=${kib}k`);
    try {
      await tally.trial(fault, async () => {
        const run = join(disk, 'run');
        expectEnd(await bench.score(run), 74, /cannot .*disk\/run.*no space is left on the device \(ENOSPC\)/);
        mount('-o', 'remount,size=16m');
        expectEnd(await bench.score(run), 0);
        return await bench.inspect(run);
      });
    } finally {
      execFileSync('umount', [disk]);
    }
  }
}

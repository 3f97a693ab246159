import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DEMO_MODEL, demoDocuments, temporaryFolder, writeJsonl } from '../scoring/demo-run.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

describe('a limit of open files that is too low even for loading the program', () => {
  it.each([32, 40])('(%i) is an I/O error that names the limit, and the same command succeeds without it', (limit) => {
    const folder = temporaryFolder();
    const corpus = join(folder, 'corpus.jsonl');
    writeJsonl(corpus, demoDocuments(2));
    const command = [process.execPath, MAIN, 'score', '--corpus', corpus, '--model', DEMO_MODEL, '--out', join(folder, 'run'), '--context-length', '64', '--threads', '1'];
    const limited = spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', ...command], { encoding: 'utf8' });
    // Which of the program's files is the first too many, and whether Node says so or calls it missing, differs from machine to machine.
    expect(limited.stderr).toMatch(/^touchstone: (cannot open \S+: this process has too many files open \(EMFILE\)|a file of this program could not be loaded: [^\n]+)\n {2}Raise the limit of open files \(ulimit -n\)/);
    expect(limited.stderr).not.toContain('    at ');
    expect(limited.status).toBe(74);
    const unlimited = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8' });
    expect(unlimited.status).toBe(0);
    expect(existsSync(join(folder, 'run/_SUCCESS'))).toBe(true);
  });
});

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openCheckpoint } from '../../src/model/checkpoint.js';
import { hashCheckpoint } from '../../src/model/hash-checkpoint.js';

const oracle = join(import.meta.dirname, '../fixtures/oracle');
let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'hash-'));
});
afterEach(() => {
  rmSync(scratch, { recursive: true });
});

async function hashOf(folder: string): Promise<string> {
  return (await hashCheckpoint(await openCheckpoint(folder))).sha256;
}

describe('the hash of a checkpoint', () => {
  it('is the sha256 of the sorted lines of sha256 and name', async () => {
    const { sha256, files } = await hashCheckpoint(await openCheckpoint(join(oracle, 'llama-sharded')));
    expect(files.map((file) => file.name)).toEqual(files.map((file) => file.name).toSorted());
    expect(files).toHaveLength(6);
    for (const file of files) {
      const bytes = readFileSync(join(oracle, 'llama-sharded', file.name));
      expect(file).toEqual({ name: file.name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
    }
    const lines = files.map((file) => `${file.sha256}  ${file.name}\n`).join('');
    expect(sha256).toBe(createHash('sha256').update(lines).digest('hex'));
  });

  it.runIf(process.platform === 'linux')('can be had from a shell', async () => {
    const printed = execFileSync('sh', ['-c', 'sha256sum config.json model.safetensors | sha256sum'], { cwd: join(oracle, 'gpt2'), encoding: 'utf8' });
    expect(printed.split(' ')[0]).toBe(await hashOf(join(oracle, 'gpt2')));
  });

  it('does not depend on where the folder lies, on links or on files beside the model', async () => {
    const linked = join(scratch, 'linked');
    cpSync(join(oracle, 'gpt2'), join(scratch, 'copy'), { recursive: true });
    symlinkSync(join(scratch, 'copy'), linked);
    writeFileSync(join(scratch, 'copy', 'README.md'), 'notes');
    expect(await hashOf(linked)).toBe(await hashOf(join(oracle, 'gpt2')));
  });

  it('changes with any byte of the weights or of config.json', async () => {
    const folder = join(scratch, 'copy');
    cpSync(join(oracle, 'gpt2'), folder, { recursive: true });
    const before = await hashOf(folder);
    const weights = readFileSync(join(folder, 'model.safetensors'));
    weights[weights.length - 1]! ^= 1;
    writeFileSync(join(folder, 'model.safetensors'), weights);
    const changedWeights = await hashOf(folder);
    expect(changedWeights).not.toBe(before);
    writeFileSync(join(folder, 'config.json'), `${readFileSync(join(folder, 'config.json'), 'utf8')} `);
    expect(await hashOf(folder)).not.toBe(changedWeights);
  });

  it('stops when it is told to', async () => {
    const checkpoint = await openCheckpoint(join(oracle, 'gpt2'));
    await expect(hashCheckpoint(checkpoint, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
  });
});

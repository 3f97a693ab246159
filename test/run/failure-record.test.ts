import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { clearFailure, readFailure, readFailures, writeFailure, type UnitFailure } from '../../src/run/failure-record.js';
import { sealRecord } from '../../src/run/sealed-record.js';

function runFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'touchstone-'));
  onTestFinished(() => { rmSync(folder, { recursive: true, force: true }); });
  return folder;
}

const failure = (unit: number, attempts: number): UnitFailure => ({
  formatVersion: 1, unit, attempts, kind: 'retryable', message: 'the worker was lost', host: 'n1', failedAt: '2026-11-23T10:00:00.000Z',
});

describe('the record of a failed unit', () => {
  it('names message, attempts, time and host, and reads back; a later one takes its place', async () => {
    const run = runFolder();
    expect(await readFailures(run)).toEqual(new Map());
    await writeFailure(run, failure(12, 3));
    await writeFailure(run, failure(7, 3));
    await writeFailure(run, failure(12, 6));
    expect([...(await readFailures(run))]).toEqual([[7, failure(7, 3)], [12, failure(12, 6)]]);
    expect(readdirSync(join(run, 'failures'))).toEqual(['00007.json', '00012.json']);
  });

  it('is removed once, and removing it again is no error', async () => {
    const run = runFolder();
    await writeFailure(run, failure(7, 3));
    await clearFailure(run, 7);
    await clearFailure(run, 7);
    expect(existsSync(join(run, 'failures/00007.json'))).toBe(false);
  });

  it('still counts as a failure where it is torn or speaks of another unit', async () => {
    const run = runFolder();
    await writeFailure(run, failure(1, 3));
    writeFileSync(join(run, 'failures/00002.json'), '{"formatVersion": 1,');
    writeFileSync(join(run, 'failures/00003.json'), sealRecord(failure(4, 3)));
    writeFileSync(join(run, 'failures/notes.txt'), 'not ours');
    const failures = await readFailures(run);
    expect([...failures.keys()]).toEqual([1, 2, 3]);
    expect(failures.get(2)!.message).toMatch(/^failures\/00002\.json cannot be read: the file is not whole JSON/);
    expect(failures.get(3)!.message).toBe('failures/00003.json cannot be read: it speaks of unit 4');
  });

  it('vouches for its own bytes: one whose attempts were changed by a flipped bit is unreadable, and a new one takes its place', async () => {
    const run = runFolder();
    await writeFailure(run, failure(1, 3));
    const path = join(run, 'failures/00001.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"attempts": 3', '"attempts": 7'));
    expect(await readFailure(run, 1)).toMatchObject({ attempts: 0, message: expect.stringMatching(/^failures\/00001\.json cannot be read: its checksum is /) as string });
    await writeFailure(run, failure(1, 3));
    expect(await readFailure(run, 1)).toEqual(failure(1, 3));
    expect(await readFailure(run, 2)).toBeUndefined();
  });
});

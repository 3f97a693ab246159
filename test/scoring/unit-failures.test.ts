import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TouchstoneError } from '../../src/errors.js';
import { readFailure } from '../../src/run/failure-record.js';
import { recordFailure } from '../../src/scoring/unit-failures.js';
import { temporaryFolder } from './demo-run.js';

describe('recording a failed unit', () => {
  it('adds its attempts to those of earlier commands, and reads no record but its own', async () => {
    const run = temporaryFolder();
    mkdirSync(join(run, 'failures/00002.json'), { recursive: true }); // reading it would fail
    const error = new TouchstoneError('retryable', 'the worker is lost');
    await recordFailure(run, { unit: 1, error }, 3);
    await recordFailure(run, { unit: 1, error }, 2);
    expect(await readFailure(run, 1)).toMatchObject({ unit: 1, attempts: 5, kind: 'retryable', message: 'the worker is lost' });
  });
});

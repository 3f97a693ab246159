import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EVENT_FILE } from '../../src/training/metrics/tensorboard.js';
import { openRunLog } from '../../src/training/run-log.js';
import { openPathsBelow } from '../corpus/open-files.js';
import { stepRecord } from './metrics/sample-steps.js';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'touchstone-run-log-')); });
afterEach(() => { rmSync(folder, { recursive: true, force: true }); });

describe('the log of a run', () => {
  it('holds no file open where one of its files cannot be opened, and says which', async () => {
    mkdirSync(join(folder, EVENT_FILE));
    await expect(openRunLog(folder, null)).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining(`cannot open ${join(folder, EVENT_FILE)}`) as string });
    expect(await openPathsBelow(folder)).toEqual([]);
  });

  it('draws a page of curves in place of the last one, which whoever reads it sees to its end', async () => {
    const log = await openRunLog(folder, null);
    await log.record(stepRecord(1));
    const page = await log.drawCurves('first');
    const first = readFileSync(page, 'utf8');
    const reader = openSync(page, 'r');
    await log.drawCurves('second');
    expect(readFileSync(reader, 'utf8')).toBe(first);
    closeSync(reader);
    expect(readFileSync(page, 'utf8')).toContain('second');
    await log.close();
  });
});

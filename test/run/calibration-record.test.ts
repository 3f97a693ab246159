import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readCalibration, requiredCalibration, setCalibrationAside, writeCalibration, type Calibration } from '../../src/run/calibration-record.js';
import type { Plan } from '../../src/run/plan.js';
import { examplePlan } from './example-run.js';

const plan: Plan = { ...examplePlan(), model: { ...examplePlan().model, precision: 'int8' } };
const calibration: Calibration = { documents: 3, tokens: 500, meanError: 0.02, maxError: 0.5, bias: -0.001, changedSelection: 0.004, nonfinite: { float32: 0, approximate: 0 } };

let run: string;
const file = (): string => join(run, 'calibration.json');
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), 'calibration-'));
});
afterEach(() => rm(run, { recursive: true }));

describe('the calibration of a run', () => {
  it('is read as it was written, with a checksum and without times', async () => {
    expect(await writeCalibration(run, plan, calibration)).toEqual(calibration);
    expect(await readCalibration(run, plan)).toMatchObject({ kind: 'record', value: calibration });
    expect(Object.keys(JSON.parse(await readFile(file(), 'utf8')) as object).sort()).toEqual(['checksum', 'formatVersion', 'planHash', 'precision', ...Object.keys(calibration)].sort());
  });

  it('is the one that was written first, whoever comes later', async () => {
    await writeCalibration(run, plan, calibration);
    const bytes = await readFile(file());
    expect(await writeCalibration(run, plan, { ...calibration, meanError: 0.03 })).toEqual(calibration);
    expect(await readFile(file())).toEqual(bytes);
    expect(await readdir(run)).toEqual(['calibration.json']);
  });

  it('is damaged where a single bit has flipped, wherever it is', async () => {
    await writeCalibration(run, plan, calibration);
    const bytes = await readFile(file());
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1;
      await writeFile(file(), flipped);
      expect((await readCalibration(run, plan)).kind).toBe('damaged');
    }
  });

  it('is none of another plan or precision', async () => {
    await writeCalibration(run, plan, calibration);
    const other: Plan = { ...plan, model: { ...plan.model, precision: 'float16' } };
    expect(await readCalibration(run, other)).toMatchObject({ kind: 'damaged', problem: expect.stringMatching(/it is of the plan [0-9a-f]{64} in int8 .*, this run's is [0-9a-f]{64} in float16/) as string });
  });

  it('is moved aside where it is damaged, and stays where it is whole', async () => {
    await writeCalibration(run, plan, calibration);
    await setCalibrationAside(run, plan);
    expect((await readCalibration(run, plan)).kind).toBe('record');
    await writeFile(file(), '{}');
    await setCalibrationAside(run, plan);
    expect((await readCalibration(run, plan)).kind).toBe('missing');
    expect(await readdir(join(run, 'stale'))).toHaveLength(1);
  });

  it('takes the place of a damaged one', async () => {
    await writeFile(file(), '{}');
    expect(await writeCalibration(run, plan, calibration)).toEqual(calibration);
    expect((await readCalibration(run, plan)).kind).toBe('record');
  });

  it('is asked for by every precision but float32', async () => {
    expect(await requiredCalibration(run, examplePlan())).toBeNull();
    await expect(requiredCalibration(run, plan)).rejects.toMatchObject({ kind: 'retryable', message: expect.stringContaining('is missing') as string });
    await writeFile(file(), '');
    await expect(requiredCalibration(run, plan)).rejects.toMatchObject({ kind: 'retryable', message: expect.stringContaining('the file is empty') as string });
    await rm(file());
    await writeCalibration(run, plan, calibration);
    expect(await requiredCalibration(run, plan)).toEqual(calibration);
  });
});

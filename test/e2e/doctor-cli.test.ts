import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ExaminedMachine } from '../../src/cli/doctor-text.js';
import type { Trial } from '../../src/scoring/trial.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Whatever GPUs the machine has, CUDA sees none of them. */
function doctor(...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, 'doctor', ...args], { encoding: 'utf8', env: { ...process.env, CUDA_VISIBLE_DEVICES: '' } });
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1)!;

describe('touchstone doctor', () => {
  it('says what the machine has, tries the CPU, and ends with a verdict', () => {
    const { status, stdout, stderr } = doctor();
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^processor {2}.+ cores for this process, .+\nruntime {4}onnxruntime-node [\d.]+, Node\.js v/);
    expect(stdout).toMatch(/\ntried {6}cpu in float32 works: golden texts scored in /);
    expect(lastLine(stdout)).toMatch(/^CPU: works\. CUDA: does not work: .+/);
  });

  it('prints one JSON object with every finding, every trial and what works', () => {
    const { status, stdout } = doctor('--json');
    expect(status).toBe(0);
    const said = JSON.parse(stdout) as ExaminedMachine & { readonly trials: readonly Trial[]; readonly works: readonly string[] };
    expect(said.works).toEqual(['cpu']);
    expect(said.cuda).toMatchObject({ usable: false, devices: [] });
    expect(said.cuda.findings.filter(({ state }) => state === 'missing' || state === 'wrong').length).toBeGreaterThan(0);
    expect(said.trials).toHaveLength(1);
    expect(said.trials[0]).toMatchObject({ device: { kind: 'cpu' }, precision: 'float32', problem: null });
  });

  it('ends with 74 where the device that was asked for does not work, and with 64 where the words make no sense', () => {
    expect(doctor('--device', 'cpu').status).toBe(0);
    const cuda = doctor('--device', 'cuda');
    expect(cuda.status).toBe(74);
    expect(cuda.stderr).toContain('CUDA was asked for and does not work on this machine');
    expect(lastLine(cuda.stdout)).toMatch(/^CPU: works\. CUDA: does not work: .+/);
    const odd = doctor('--device', 'tpu');
    expect([odd.status, odd.stdout]).toEqual([64, '']);
    expect(odd.stderr).toContain('--device must be cpu, cuda');
  });
});

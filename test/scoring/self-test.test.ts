import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ComputeDevice, Numerics } from '../../src/records.js';
import { GOLDEN_FILE, selfTest, type Golden } from '../../src/scoring/self-test.js';
import { temporaryFolder } from './demo-run.js';

const CPU: readonly ComputeDevice[] = [{ device: { kind: 'cpu' }, record: { kind: 'cpu' } }];
const FLOAT32: Numerics = { precision: 'float32', device: 'cpu' };
const golden = JSON.parse(readFileSync(GOLDEN_FILE, 'utf8')) as Golden;

/** A golden file with changes. */
function goldenWith(changes: Partial<Golden>): string {
  const path = join(temporaryFolder(), 'self-test.json');
  writeFileSync(path, JSON.stringify({ ...golden, ...changes }));
  return path;
}

/** Losses changed, by text, token and loss. */
const losses = (change: (loss: number, text: number, token: number) => number): Partial<Golden> => ({
  texts: golden.texts.map(({ tokenIds, losses }, text) => ({ tokenIds, losses: losses.map((loss, token) => change(loss, text, token)) })),
});

describe('the self-test', () => {
  // The float16 graph takes a minute on a CPU; what it was measured to give is at the tolerances.
  it('passes on a CPU in float32, also with the graph that is made for CUDA, and in int8', async () => {
    await expect(selfTest(CPU, FLOAT32)).resolves.toBeUndefined();
    await expect(selfTest(CPU, { precision: 'int8', device: 'cpu' })).resolves.toBeUndefined();
    await expect(selfTest(CPU, { precision: 'float32', device: 'cuda' })).resolves.toBeUndefined();
  });

  it('fails where one loss is off by what TF32 would make of it, and names device, token, expected and found', async () => {
    const file = goldenWith(losses((loss, text, token) => (text === 2 && token === 5 ? loss + 0.001 : loss)));
    const expected = (golden.texts[2]!.losses[5]! + 0.001).toFixed(5);
    await expect(selfTest(CPU, FLOAT32, file)).rejects.toMatchObject({
      kind: 'io',
      message: `cpu fails the self-test in float32: token 5 of text 2 must have a loss of ${expected} nats within 0.0001, got ${golden.texts[2]!.losses[5]!.toFixed(5)}; 1 of 894 tokens are off`,
      advice: expect.stringContaining('--device cpu') as string,
    });
  });

  it('fails where all losses are off by little, which no single token shows', async () => {
    const file = goldenWith(losses((loss) => loss + 5e-5));
    await expect(selfTest(CPU, FLOAT32, file)).rejects.toMatchObject({ kind: 'io', message: expect.stringMatching(/must differ from those of a CPU by at most 0\.00002 nats in the mean, got 0\.0000(49|5)/) as string });
  });

  it('fails in the widest tolerance too where losses stand one token off', async () => {
    const file = goldenWith(losses((_, text, token) => golden.texts[text]!.losses[Math.max(0, token - 1)]!));
    await expect(selfTest(CPU, { precision: 'int8', device: 'cpu' }, file)).rejects.toMatchObject({ message: expect.stringMatching(/ of 894 tokens are off$/) as string });
  });

  it('says so where its own files are not those of the program', async () => {
    await expect(selfTest(CPU, FLOAT32, goldenWith({ modelHash: '0'.repeat(64) }))).rejects.toMatchObject({ kind: 'io', message: expect.stringMatching(/checkpoint .* must have the hash 0{64}, it has [0-9a-f]{64}/) as string });
    await expect(selfTest(CPU, FLOAT32, '/nowhere/self-test.json')).rejects.toMatchObject({ kind: 'io', message: expect.stringContaining('cannot be read from /nowhere/self-test.json') as string });
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { openCheckpoint } from '../../src/model/checkpoint.js';
import { readWeights } from '../../src/model/read-weights.js';

const oracle = join(import.meta.dirname, '../fixtures/oracle');

describe('the weights of a checkpoint', () => {
  it('in float32 are the bytes of the file', async () => {
    const checkpoint = await openCheckpoint(join(oracle, 'gpt2'));
    const weights = await readWeights(checkpoint);
    const bytes = readFileSync(join(checkpoint.weightsFolder, 'model.safetensors'));
    expect([...weights.keys()]).toEqual([...checkpoint.weights.keys()].sort());
    for (const [name, { byteOffset, byteLength }] of checkpoint.weights) {
      expect(Buffer.from(weights.get(name)!.buffer).equals(bytes.subarray(byteOffset, byteOffset + byteLength)), name).toBe(true);
    }
  });

  it.each(['llama-f16', 'llama-bf16'])('of %s are widened exactly', async (name) => {
    const checkpoint = await openCheckpoint(join(oracle, name));
    const weights = await readWeights(checkpoint);
    const bytes = readFileSync(join(checkpoint.weightsFolder, 'model.safetensors'));
    let compared = 0;
    for (const [weight, { byteOffset, byteLength, dtype }] of checkpoint.weights) {
      const values = weights.get(weight)!;
      expect(values.length).toBe(byteLength / 2);
      for (let at = 0; at < values.length; at += 7) {
        const bits = bytes.readUInt16LE(byteOffset + 2 * at);
        const exponent = (bits >> 10) & 31;
        const exact = dtype === 'BF16' ? Buffer.from([0, 0, bits & 255, bits >> 8]).readFloatLE() : (bits & 0x8000 ? -1 : 1) * (exponent === 0 ? 0 : 1 + (bits & 1023) / 1024) * 2 ** (exponent - 15);
        if (exponent === 0 && dtype === 'F16') continue;
        if (values[at] !== exact) throw new Error(`${weight}[${at}] is ${values[at]}, expected ${exact}`);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(1000);
  });

  it('in shards are read from every one of them', async () => {
    const sharded = await readWeights(await openCheckpoint(join(oracle, 'llama-sharded')));
    expect(sharded.size).toBe(21);
    expect([...sharded.values()].every((values) => values.some((value) => value !== 0))).toBe(true);
  });

  it('leave masks and tables out', async () => {
    const checkpoint = await openCheckpoint(join(oracle, 'gpt-neox-sequential'));
    expect(checkpoint.aside.size).toBeGreaterThan(0);
    const weights = await readWeights(checkpoint);
    expect([...checkpoint.aside.keys()].filter((name) => weights.has(name))).toEqual([]);
    expect(weights.size).toBe(checkpoint.weights.size);
  });
});

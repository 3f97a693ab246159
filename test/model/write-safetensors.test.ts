import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { FloatTensor } from '../../src/model/float-tensor.js';
import { readTensors } from '../../src/model/read-tensors.js';
import { readSafetensors } from '../../src/model/safetensors.js';
import { writeSafetensors } from '../../src/model/write-safetensors.js';
import type { WeightDtype } from '../../src/records.js';
import { collector, tensor } from './weight-sample.js';
import { float32, writeSafetensors as writeByHand } from './safetensors-file.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'write-safetensors-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

async function written(tensors: readonly FloatTensor[], dtype?: WeightDtype): Promise<{ readonly path: string; readonly bytes: Buffer }> {
  const { sink, bytes } = collector();
  await writeSafetensors(sink, tensors, dtype);
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, bytes());
  return { path, bytes: bytes() };
}

const SAMPLE = [tensor('b.weight', [2, 3], 1, -2, 0.1, 3.5, -0, 1e-40), tensor('a.bias', [], 65_504), tensor('empty', [0, 4])];

describe('a written safetensors file', () => {
  it('gives every value back bit for bit', async () => {
    const { path } = await written(SAMPLE);
    const read = await readTensors(path);
    expect([...read.keys()]).toEqual(['a.bias', 'b.weight', 'empty']);
    for (const { name, shape, data } of SAMPLE) {
      expect(read.get(name)!.shape).toEqual(shape);
      expect(new Uint32Array(read.get(name)!.data.buffer)).toEqual(new Uint32Array(data.buffer));
    }
  });

  it('says that PyTorch may load it, and begins its data at a multiple of 8 bytes', async () => {
    const { path, bytes } = await written(SAMPLE);
    expect((await readSafetensors(path)).metadata).toEqual(new Map([['format', 'pt']]));
    expect(Number(bytes.readBigUInt64LE()) % 8).toBe(0);
    expect(bytes.subarray(8).toString('latin1').startsWith('{"__metadata__":{"format":"pt"},"a.bias":{"dtype":"F32","shape":[],"data_offsets":[0,4]}')).toBe(true);
  });

  it('has the same bytes whatever the order of the list', async () => {
    const { bytes } = await written(SAMPLE);
    expect((await written(SAMPLE.toReversed())).bytes.equals(bytes)).toBe(true);
  });

  it.each(['F16', 'BF16'] as const)('in %s holds the rounded values', async (dtype) => {
    const { path } = await written([tensor('w', [4], 1, -2.5, 1 / 3, 1e-3)], dtype);
    expect((await readSafetensors(path)).tensors.get('w')).toMatchObject({ dtype, byteLength: 8 });
    const { data } = (await readTensors(path)).get('w')!;
    const relative = 2 ** (dtype === 'F16' ? -11 : -8);
    expect([...data.subarray(0, 2)]).toEqual([1, -2.5]);
    expect(Math.abs(data[2]! - 1 / 3)).toBeLessThanOrEqual(relative / 3);
    expect(Math.abs(data[3]! - 1e-3)).toBeLessThanOrEqual(relative * 1e-3);
    // A second trip changes nothing.
    expect((await readTensors((await written([{ name: 'w', shape: [4], data }], dtype)).path)).get('w')!.data).toEqual(data);
  });

  it('goes out in chunks of at most 1 MiB, in no more memory than one of them', async () => {
    const large: FloatTensor = { name: 'w', shape: [700_000], data: Float32Array.from({ length: 700_000 }, (_, at) => at) };
    const chunks: Uint8Array[] = [];
    await writeSafetensors((chunk) => { chunks.push(chunk); return Promise.resolve(); }, [large]);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBe(1024 * 1024);
    // Each chunk after the header is a view of the tensor itself.
    expect(chunks.slice(1).every((chunk) => chunk.buffer === large.data.buffer)).toBe(true);
    const { path } = await written([large], 'BF16');
    expect((await readTensors(path)).get('w')!.data[655_360]).toBe(655_360);
  });

  it('is refused where a value has no place in F16, naming tensor, position and value', async () => {
    const data = Float32Array.from({ length: 300_000 }, () => 1);
    data[299_999] = -65_520;
    const attempt = written([tensor('fine', [1], 65_519), { name: 'model.layers.3.mlp.down_proj.weight', shape: [300, 1000], data }], 'F16');
    await expect(attempt).rejects.toMatchObject({
      kind: 'io', advice: 'Save the weights as F32.',
      message: 'tensor model.layers.3.mlp.down_proj.weight must hold magnitudes of at most 65504 to be saved as F16, found -65520 at position 299999',
    });
  });

  it.each(['F32', 'F16', 'BF16'] as const)('in %s is refused where a weight is not finite', async (dtype) => {
    await expect(written([tensor('w', [3], 1, NaN, 2)], dtype)).rejects.toThrow('tensor w must hold finite numbers to be saved, found NaN at position 1');
    await expect(written([tensor('w', [1], -Infinity)], dtype)).rejects.toThrow('found -Infinity at position 0');
  });

  it('is refused where shape and values differ, or a name stands twice', async () => {
    await expect(written([tensor('w', [2], 1)])).rejects.toThrow('tensor w of shape [2] must have 2 values, found 1');
    await expect(written([tensor('w', [1], 1), tensor('w', [1], 1)])).rejects.toThrow('tensor names must be unique');
    await expect(written([tensor('__metadata__', [1], 1)])).rejects.toThrow('must be unique and not __metadata__');
  });

  it('may name a tensor like a property of every object', async () => {
    const { path } = await written([tensor('__proto__', [1], 7), tensor('constructor', [1], 8)]);
    const read = await readTensors(path);
    expect([read.get('__proto__')!.data[0], read.get('constructor')!.data[0]]).toEqual([7, 8]);
  });
});

describe('reading tensors as numbers', () => {
  it('is refused for other dtypes', async () => {
    const path = join(folder, 'integers.safetensors');
    writeByHand(path, { fine: float32([1], 2), mask: { dtype: 'I64', shape: [1], data: new Uint8Array(8) } });
    await expect(readTensors(path)).rejects.toThrow(`tensor mask of ${path} must be F32, F16 or BF16 to be read as numbers, found I64`);
  });

  it('stops when asked to', async () => {
    const { path } = await written(SAMPLE);
    await expect(readTensors(path, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
  });
});

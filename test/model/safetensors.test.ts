import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { TouchstoneError } from '../../src/errors.js';
import { createRandom } from '../../src/math/random.js';
import { parseSafetensorsHeader, readSafetensors } from '../../src/model/safetensors.js';
import { float32, safetensorsBytes, writeSafetensors } from './safetensors-file.js';

const fixture = join(import.meta.dirname, '../fixtures/oracle/gpt-neox-sequential/model.safetensors');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(bytes: Uint8Array): string {
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, bytes);
  return path;
}

/** A file of one tensor [2] of F32, with its entry changed. */
function withTensor(entry: Readonly<Record<string, unknown>>, dataBytes = 8): string {
  return file(safetensorsBytes(JSON.stringify({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...entry } }), new Uint8Array(dataBytes)));
}

describe('a safetensors file', () => {
  it('gives the dtype, the shape and the byte range of every tensor', async () => {
    const path = join(folder, 'two.safetensors');
    writeSafetensors(path, { a: float32([2, 1], 1.5, -2), empty: float32([0, 7]), scalar: float32([], 3) });
    const { tensors } = await readSafetensors(path);
    const bytes = readFileSync(path);
    const start = bytes.length - 12;
    expect([...tensors.values()]).toEqual([
      { name: 'a', dtype: 'F32', shape: [2, 1], byteOffset: start, byteLength: 8 },
      { name: 'empty', dtype: 'F32', shape: [0, 7], byteOffset: start + 8, byteLength: 0 },
      { name: 'scalar', dtype: 'F32', shape: [], byteOffset: start + 8, byteLength: 4 },
    ]);
    expect(bytes.readFloatLE(tensors.get('a')!.byteOffset + 4)).toBe(-2);
    expect(bytes.readFloatLE(tensors.get('scalar')!.byteOffset)).toBe(3);
  });

  it('written by the reference library is read with its metadata, masks and scalars', async () => {
    const { tensors, metadata } = await readSafetensors(fixture);
    expect(metadata).toEqual(new Map([['format', 'pt']]));
    expect(tensors.get('gpt_neox.layers.0.attention.bias')).toMatchObject({ dtype: 'BOOL', shape: [1, 1, 80, 80], byteLength: 6400 });
    expect(tensors.get('gpt_neox.layers.1.attention.masked_bias')).toMatchObject({ dtype: 'F32', shape: [], byteLength: 4 });
    const bytes = readFileSync(fixture);
    expect(bytes.readFloatLE(tensors.get('gpt_neox.layers.1.attention.masked_bias')!.byteOffset)).toBe(-1e9);
  });

  it('may pad its header with spaces and list tensors in any order', async () => {
    const header = '{"b":{"dtype":"U8","shape":[3],"data_offsets":[2,5]},"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}      ';
    const { tensors } = await readSafetensors(file(safetensorsBytes(header, new Uint8Array(5))));
    expect([...tensors.keys()]).toEqual(['b', 'a']);
    expect(tensors.get('b')!.byteOffset).toBe(8 + header.length + 2);
  });

  it.each([
    ['an unknown dtype', { dtype: 'F33' }, /tensor "a" of .* must have a dtype of the safetensors format \(.*BF16.*\), found "F33"/],
    ['no dtype', { dtype: undefined }, /must have a dtype .*, found nothing/],
    ['a negative size', { shape: [-2] }, /must have a shape of whole numbers, found \[-2\]/],
    ['a size that is no number', { shape: ['2'] }, /must have a shape of whole numbers, found \["2"\]/],
    ['a shape that overflows', { shape: [2 ** 40, 2 ** 40] }, /must span .* bytes/],
    ['a range of another length', { data_offsets: [0, 4] }, /must span 8 bytes \(F32, shape \[2\]\), found data_offsets \[0, 4\]/],
    ['a range that ends before it begins', { data_offsets: [8, 0] }, /data_offsets \[begin, end\] with begin <= end, found \[8,0\]/],
    ['a fractional offset', { data_offsets: [0.5, 8.5] }, /data_offsets \[begin, end\]/],
    ['three offsets', { data_offsets: [0, 4, 8] }, /data_offsets \[begin, end\]/],
    ['a hole before a tensor', { data_offsets: [4, 12] }, /must begin at byte \d+, found byte \d+: it leaves a hole before it/, 12],
    ['bytes after the last tensor', {}, /must end after its last tensor at byte \d+, found a file of \d+ bytes/, 9],
  ])('with %s is refused', async (_, entry, message, dataBytes = 8) => {
    await expect(readSafetensors(withTensor(entry, dataBytes))).rejects.toThrow(message);
  });

  it('with overlapping tensors is refused', async () => {
    const header = { a: { dtype: 'U8', shape: [4], data_offsets: [0, 4] }, b: { dtype: 'U8', shape: [4], data_offsets: [2, 6] } };
    const path = file(safetensorsBytes(JSON.stringify(header), new Uint8Array(6)));
    await expect(readSafetensors(path)).rejects.toThrow(/tensor "b" .* overlaps the tensor before it/);
  });

  it('that names a tensor twice is refused', async () => {
    const entry = '{"dtype":"U8","shape":[1],"data_offsets":[0,1]}';
    const path = file(safetensorsBytes(`{"a":${entry},"a":${entry}}`, new Uint8Array(1)));
    await expect(readSafetensors(path)).rejects.toThrow(/the header of .* must name every key once, found "a" twice/);
  });

  it('with metadata that is not text is refused', async () => {
    await expect(readSafetensors(file(safetensorsBytes('{"__metadata__":{"format":1}}')))).rejects.toThrow(/__metadata__.format of .* must be a string, found 1/);
  });

  it('that is cut short says how long it should be', async () => {
    const path = join(folder, 'cut.safetensors');
    const whole = readFileSync(fixture);
    writeFileSync(path, whole);
    truncateSync(path, whole.length - 1);
    await expect(readSafetensors(path)).rejects.toThrow(`${path} is cut short: its tensors need ${whole.length} bytes, found a file of ${whole.length - 1} bytes`);
    const headerBytes = Number(whole.readBigUInt64LE());
    truncateSync(path, 100);
    await expect(readSafetensors(path)).rejects.toThrow(`${path} is cut short: its header needs ${headerBytes + 8} bytes, found a file of 100 bytes`);
    truncateSync(path, 7);
    await expect(readSafetensors(path)).rejects.toThrow('must begin with a header length of 8 bytes, found a file of 7 bytes');
  });

  it('must have a header of at most 100 MB', async () => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigUInt64LE(100_000_001n);
    await expect(readSafetensors(file(bytes))).rejects.toThrow('must have a header of at most 100000000 bytes, found a header length of 100000001');
  });

  it('that is a Git LFS pointer says so', async () => {
    const path = file(Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'));
    await expect(readSafetensors(path)).rejects.toMatchObject({ message: expect.stringContaining('found a Git LFS pointer') as string, advice: expect.stringContaining('git lfs pull') as string });
  });

  it('that cannot be read is an io error that names it', async () => {
    await expect(readSafetensors(join(folder, 'absent.safetensors'))).rejects.toThrow(TouchstoneError);
    await expect(readSafetensors(folder)).rejects.toThrow(`cannot read ${folder}`);
  });

  it('with any byte of its header changed is either refused by a clear error or read to valid ranges', () => {
    const whole = readFileSync(fixture);
    const header = whole.subarray(8, 8 + Number(whole.readBigUInt64LE()));
    const random = createRandom('header fuzz');
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      const damaged = Uint8Array.from(header);
      for (let edits = 1 + random.below(3); edits > 0; edits--) damaged[random.below(damaged.length)] = random.below(256);
      try {
        const { tensors } = parseSafetensorsHeader(damaged, whole.length, 'model.safetensors');
        let bytes = 8 + header.length;
        for (const tensor of tensors.values()) bytes += tensor.byteLength;
        expect(bytes).toBe(whole.length);
      } catch (error) {
        expect(error).toBeInstanceOf(TouchstoneError);
        expect((error as TouchstoneError).kind).toBe('io');
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(1000);
  });
});

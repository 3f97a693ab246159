import type { FileHandle } from 'node:fs/promises';

import { TouchstoneError } from '../errors.js';
import { widenBfloat16, widenFloat16 } from '../math/half-precision.js';
import { fileChunks, openFile } from '../stream/file-chunks.js';
import { elementCount, type FloatTensor } from './float-tensor.js';
import { readSafetensors, type StoredTensor } from './safetensors.js';

/** A tensor's place in a file: `StoredTensor` and `WeightRef` both are one. */
type TensorRange = Pick<StoredTensor, 'name' | 'dtype' | 'shape' | 'byteOffset' | 'byteLength'>;

/**
 * The values of one tensor as float32: F32 as it lies, F16 and BF16 widened exactly. Holds the result and one chunk of 256 KiB. Throws an io error
 * for any other dtype and for a file that ends too early, the signal's reason once it is aborted.
 */
export async function readTensor(file: FileHandle, path: string, tensor: TensorRange, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>> {
  const { name, dtype, shape, byteOffset, byteLength } = tensor;
  if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') {
    throw new TouchstoneError('io', `tensor ${name} of ${path} must be F32, F16 or BF16 to be read as numbers, found ${dtype}`);
  }
  const values = new Float32Array(elementCount(shape));
  const bytes = new Uint8Array(values.buffer);
  let at = 0;
  for await (const chunk of fileChunks(file, path, { start: byteOffset, end: byteOffset + byteLength, signal })) {
    if (dtype === 'F32') {
      bytes.set(chunk, at);
      at += chunk.length;
    } else {
      // Chunks are of even length, so no value is cut in two.
      const bits = new Uint16Array(chunk.buffer, chunk.byteOffset, chunk.length / 2);
      const target = values.subarray(at, at + bits.length);
      if (dtype === 'F16') widenFloat16(bits, target);
      else widenBfloat16(bits, target);
      at += bits.length;
    }
  }
  return values;
}

/** Every tensor of one safetensors file as float32, by name, one after the other; errors as in `readSafetensors` and `readTensor`. */
export async function readTensors(path: string, signal?: AbortSignal): Promise<Map<string, FloatTensor>> {
  const { tensors } = await readSafetensors(path);
  await using file = await openFile(path);
  const read = new Map<string, FloatTensor>();
  for (const tensor of tensors.values()) {
    read.set(tensor.name, { name: tensor.name, shape: tensor.shape, data: await readTensor(file, path, tensor, signal) });
  }
  return read;
}

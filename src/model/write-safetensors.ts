import { TouchstoneError } from '../errors.js';
import { narrowToBfloat16, narrowToFloat16 } from '../math/half-precision.js';
import type { WeightDtype } from '../records.js';
import type { ByteSink } from '../stream/byte-sink.js';
import { elementCount, type FloatTensor } from './float-tensor.js';

/** Values converted and handed on at a time. */
const CHUNK_VALUES = 256 * 1024;
/** Tensor data begins at a multiple of this, which is what the format's own library writes. */
const ALIGNMENT_BYTES = 8;
const VALUE_BYTES: Readonly<Record<WeightDtype, number>> = { F32: 4, F16: 2, BF16: 2 };

/**
 * Writes a safetensors file (https://huggingface.co/docs/safetensors) in one pass, header first. The bytes depend on the tensors and the dtype alone, not
 * on the order of the list: tensors are sorted by name. F32 is written from where it lies; F16 and BF16 round to nearest, ties to even, in a buffer of
 * 512 KiB. Throws an io error that names the tensor, the position and the value where one is not finite or would become infinite; what the sink has
 * received by then is no whole file.
 */
export async function writeSafetensors(sink: ByteSink, tensors: readonly FloatTensor[], dtype: WeightDtype = 'F32'): Promise<void> {
  const sorted = tensors.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  await sink(safetensorsHeader(sorted, dtype));
  const narrowed = new Uint16Array(dtype === 'F32' ? 0 : CHUNK_VALUES);
  for (const tensor of sorted) {
    for (let start = 0; start < tensor.data.length; start += CHUNK_VALUES) {
      const values = tensor.data.subarray(start, start + CHUNK_VALUES);
      refuseNonFinite(tensor, values, start);
      if (dtype === 'F32') {
        await sink(bytesOf(values));
        continue;
      }
      const overflow = dtype === 'F16' ? narrowToFloat16(values, narrowed) : narrowToBfloat16(values, narrowed);
      if (overflow >= 0) throw overflowError(tensor, start + overflow, dtype);
      await sink(bytesOf(narrowed.subarray(0, values.length)));
    }
  }
}

function safetensorsHeader(sorted: readonly FloatTensor[], dtype: WeightDtype): Uint8Array {
  // A Map and fromEntries: no tensor name is special, not even __proto__.
  const entries = new Map<string, unknown>([['__metadata__', { format: 'pt' }]]);
  let at = 0;
  for (const { name, shape, data } of sorted) {
    if (entries.has(name)) throw new TouchstoneError('internal', `tensor names must be unique and not __metadata__, found ${JSON.stringify(name)} again`);
    if (data.length !== elementCount(shape)) {
      throw new TouchstoneError('internal', `tensor ${name} of shape [${shape.join(', ')}] must have ${elementCount(shape)} values, found ${data.length}`);
    }
    const end = at + data.length * VALUE_BYTES[dtype];
    entries.set(name, { dtype, shape, data_offsets: [at, end] });
    at = end;
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const padded = Math.ceil(json.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const header = Buffer.alloc(8 + padded, ' ');
  header.writeBigUInt64LE(BigInt(padded));
  json.copy(header, 8);
  return header;
}

function refuseNonFinite({ name }: FloatTensor, values: Float32Array, start: number): void {
  let at = 0;
  while (at < values.length && Number.isFinite(values[at])) at++;
  if (at === values.length) return;
  throw new TouchstoneError('io', `tensor ${name} must hold finite numbers to be saved, found ${values[at]!} at position ${start + at}`, {
    advice: 'Training diverged: go back to an earlier checkpoint and lower the learning rate.',
  });
}

function overflowError({ name, data }: FloatTensor, at: number, dtype: WeightDtype): TouchstoneError {
  const limit = dtype === 'F16' ? '65504' : '3.39e38';
  return new TouchstoneError('io', `tensor ${name} must hold magnitudes of at most ${limit} to be saved as ${dtype}, found ${data[at]!} at position ${at}`, {
    advice: 'Save the weights as F32.',
  });
}

function bytesOf(values: Float32Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

import type { FileHandle } from 'node:fs/promises';

import { TouchstoneError } from '../errors.js';
import { openFile, readAt } from '../stream/file-chunks.js';
import { asJsonObject, describe, parseJsonObject, type JsonObject } from './json-object.js';

/** One tensor of a safetensors file. */
export interface StoredTensor {
  readonly name: string;
  /** In the format's own spelling: F32, BF16, I64, ... */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** From the beginning of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The free-form `__metadata__` of the header; empty where there is none. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Bytes of the little-endian header length that opens the file. */
const LENGTH_BYTES = 8;
/** The limit of the format's reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;
/** Bits per element of every dtype of the format (safetensors 0.8). */
const BITS: ReadonlyMap<string, number> = new Map([
  ['F4', 4], ['F6_E2M3', 6], ['F6_E3M2', 6],
  ['BOOL', 8], ['U8', 8], ['I8', 8], ['F8_E5M2', 8], ['F8_E4M3', 8], ['F8_E8M0', 8], ['F8_E4M3FNUZ', 8], ['F8_E5M2FNUZ', 8],
  ['I16', 16], ['U16', 16], ['F16', 16], ['BF16', 16],
  ['I32', 32], ['U32', 32], ['F32', 32],
  ['I64', 64], ['U64', 64], ['F64', 64], ['C64', 64],
]);
const DAMAGED = 'The file is damaged or was not downloaded whole; fetch it again and compare its size and sha256 with the source.';

/**
 * Reads the header of a safetensors file and checks it in full: lengths against the file's size, every tensor's byte range against its dtype and
 * shape, ranges adjacent from the first data byte to the last. Reads no tensor data. Throws an io error that names the file, what was expected and
 * what was found. Format: https://huggingface.co/docs/safetensors
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    return parseSafetensorsHeader(await readHeader(file, size, path), size, path);
  } finally {
    await file.close();
  }
}

async function readHeader(file: FileHandle, fileBytes: number, path: string): Promise<Uint8Array> {
  const prefix = await readAt(file, path, 0, LENGTH_BYTES);
  if (prefix.length < LENGTH_BYTES) {
    throw damaged(`${path} must begin with a header length of ${LENGTH_BYTES} bytes, found a file of ${fileBytes} bytes`);
  }
  if (prefix.toString('latin1') === 'version ') {
    throw new TouchstoneError('io', `${path} must be a safetensors file, found a Git LFS pointer of ${fileBytes} bytes`, {
      advice: 'Fetch the file it points to with `git lfs pull`.',
    });
  }
  const declared = prefix.readBigUInt64LE();
  if (declared > BigInt(MAX_HEADER_BYTES)) {
    throw damaged(`${path} must have a header of at most ${MAX_HEADER_BYTES} bytes, found a header length of ${declared.toString()}`);
  }
  const needed = LENGTH_BYTES + Number(declared);
  if (needed > fileBytes) throw damaged(`${path} is cut short: its header needs ${needed} bytes, found a file of ${fileBytes} bytes`);
  const header = await readAt(file, path, LENGTH_BYTES, Number(declared));
  if (header.length === Number(declared)) return header;
  throw damaged(`${path} shrank while it was read: expected ${needed} bytes, found ${LENGTH_BYTES + header.length}`);
}

/** The checks of `readSafetensors` on header bytes alone. `fileBytes` is the size of the whole file, `subject` its name in messages. */
export function parseSafetensorsHeader(header: Uint8Array, fileBytes: number, subject: string): SafetensorsFile {
  if (header[0] !== 0x7b) throw damaged(`${subject} must have a header that begins with "{", found byte ${describe(header[0])}`);
  const object = parseJsonObject(header, `the header of ${subject}`);
  const dataStart = LENGTH_BYTES + header.length;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, value] of object) {
    if (name !== '__metadata__') tensors.set(name, storedTensor(name, value, dataStart, subject));
  }
  checkRanges([...tensors.values()], dataStart, fileBytes, subject);
  return { tensors, metadata: metadataOf(object, subject) };
}

function metadataOf(header: JsonObject, subject: string): ReadonlyMap<string, string> {
  const value = header.get('__metadata__');
  if (value === undefined) return new Map();
  const metadata = asJsonObject(value);
  if (metadata === undefined) throw damaged(`__metadata__ of ${subject} must be an object, found ${describe(value)}`);
  return new Map(
    Array.from(metadata, ([key, entry]) => {
      if (typeof entry !== 'string') throw damaged(`__metadata__.${key} of ${subject} must be a string, found ${describe(entry)}`);
      return [key, entry];
    }),
  );
}

function storedTensor(name: string, value: unknown, dataStart: number, subject: string): StoredTensor {
  const tensor = `tensor ${JSON.stringify(name)} of ${subject}`;
  const fields = asJsonObject(value);
  if (fields === undefined) throw damaged(`${tensor} must be described by an object, found ${describe(value)}`);
  const dtype = fields.get('dtype');
  const bits = typeof dtype === 'string' ? BITS.get(dtype) : undefined;
  if (typeof dtype !== 'string' || bits === undefined) {
    throw damaged(`${tensor} must have a dtype of the safetensors format (${[...BITS.keys()].join(', ')}), found ${describe(dtype)}`);
  }
  const shape = fields.get('shape');
  if (!isCounts(shape)) throw damaged(`${tensor} must have a shape of whole numbers, found ${describe(shape)}`);
  const offsets = fields.get('data_offsets');
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw damaged(`${tensor} must have data_offsets [begin, end] with begin <= end, found ${describe(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const elementBits = shape.reduce((product, size) => product * size, bits);
  if (!Number.isSafeInteger(elementBits) || elementBits !== (end - begin) * 8) {
    throw damaged(`${tensor} must span ${elementBits / 8} bytes (${dtype}, shape [${shape.join(', ')}]), found data_offsets [${begin}, ${end}]`);
  }
  return { name, dtype, shape, byteOffset: dataStart + begin, byteLength: end - begin };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((entry) => Number.isSafeInteger(entry) && entry >= 0);
}

/** The format allows neither holes nor overlaps nor bytes after the last tensor. */
function checkRanges(tensors: StoredTensor[], dataStart: number, fileBytes: number, subject: string): void {
  const endOf = (tensor: StoredTensor): number => tensor.byteOffset + tensor.byteLength;
  const needed = tensors.reduce((end, tensor) => Math.max(end, endOf(tensor)), dataStart);
  if (needed > fileBytes) throw damaged(`${subject} is cut short: its tensors need ${needed} bytes, found a file of ${fileBytes} bytes`);
  if (needed < fileBytes) throw damaged(`${subject} must end after its last tensor at byte ${needed}, found a file of ${fileBytes} bytes`);
  let at = dataStart;
  for (const tensor of tensors.toSorted((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength)) {
    if (tensor.byteOffset !== at) {
      const what = tensor.byteOffset < at ? 'overlaps the tensor before it' : 'leaves a hole before it';
      throw damaged(`tensor ${JSON.stringify(tensor.name)} of ${subject} must begin at byte ${at}, found byte ${tensor.byteOffset}: it ${what}`);
    }
    at = endOf(tensor);
  }
}

function damaged(message: string): TouchstoneError {
  return new TouchstoneError('io', message, { advice: DAMAGED });
}

import { writeFileSync } from 'node:fs';

/** Bytes of a safetensors file with this header text; `data` follows it. */
export function safetensorsBytes(header: string, data: Uint8Array = new Uint8Array(0)): Buffer {
  const json = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

export interface TestTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

export function float32(shape: readonly number[], ...values: readonly number[]): TestTensor {
  return { dtype: 'F32', shape, data: new Uint8Array(Float32Array.from(values).buffer) };
}

/** Writes the tensors one after the other, in the order given. */
export function writeSafetensors(path: string, tensors: Readonly<Record<string, TestTensor>>): void {
  let at = 0;
  const entries = Object.entries(tensors).map(([name, { dtype, shape, data }]) => {
    const begin = at;
    at += data.length;
    return [name, { dtype, shape, data_offsets: [begin, at] }];
  });
  const data = Buffer.concat(Object.values(tensors).map((tensor) => tensor.data));
  writeFileSync(path, safetensorsBytes(JSON.stringify(Object.fromEntries(entries)), data));
}

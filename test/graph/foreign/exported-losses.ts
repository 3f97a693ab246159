import { InferenceSession, Tensor } from 'onnxruntime-node';
import { widenFloat16 } from '../../../src/math/half-precision.js';
import { expectedOf, modelBytes } from './foreign-fixture.js';

/** Losses of every token but the first of each sequence, from the logits that this runtime computes on this machine with the model as it was exported. */
export async function exportedLosses(name: string): Promise<number[]> {
  const session = await InferenceSession.create(modelBytes(name), { logSeverityLevel: 3 });
  const losses: number[] = [];
  for (const { tokenIds } of expectedOf(name).sequences) {
    const output = (await session.run(feeds(session, tokenIds)))['logits']!;
    const width = output.dims[2]!;
    const logits = output.type === 'float32' ? (output.data as Float32Array) : widened(output.data as Uint16Array);
    for (let at = 0; at + 1 < tokenIds.length; at++) losses.push(lossOf(logits.subarray(at * width, (at + 1) * width), tokenIds[at + 1]!));
  }
  await session.release();
  return losses;
}

function widened(float16: Uint16Array): Float32Array {
  const logits = new Float32Array(float16.length);
  widenFloat16(new Uint16Array(float16.buffer, float16.byteOffset, float16.length), logits);
  return logits;
}

/** One sequence, nothing before it. */
function feeds(session: InferenceSession, tokenIds: readonly number[]): Record<string, Tensor> {
  const length = tokenIds.length;
  const given: Readonly<Record<string, (at: number) => bigint>> = { input_ids: (at) => BigInt(tokenIds[at]!), attention_mask: () => 1n, position_ids: (at) => BigInt(at) };
  return Object.fromEntries(
    session.inputMetadata.map((input): [string, Tensor] => {
      const value = given[input.name];
      if (value !== undefined) return [input.name, new Tensor('int64', BigInt64Array.from({ length }, (_, at) => value(at)), [1, length])];
      const shape = input.isTensor ? input.shape.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? 1 : 0)) : [];
      return [input.name, input.isTensor && input.type === 'float16' ? new Tensor('float16', new Uint16Array(0), shape) : new Tensor('float32', new Float32Array(0), shape)];
    }),
  );
}

function lossOf(logits: Float32Array, target: number): number {
  const largest = Math.max(...logits);
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)) + largest - logits[target]!;
}

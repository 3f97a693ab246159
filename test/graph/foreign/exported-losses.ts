import { InferenceSession, Tensor } from 'onnxruntime-node';
import { widenFloat16 } from '../../../src/math/half-precision.js';
import { expectedOf, modelBytes } from './foreign-fixture.js';

/** Losses of every token but the first of each sequence, from the float16 logits that this runtime computes with the model as it was exported. */
export async function exportedLosses(name: string): Promise<number[]> {
  const session = await InferenceSession.create(modelBytes(name), { logSeverityLevel: 3 });
  const losses: number[] = [];
  for (const { tokenIds } of expectedOf(name).sequences) {
    const { data, dims } = (await session.run(feeds(session, tokenIds)))['logits']!;
    const width = dims[2]!;
    const logits = new Float32Array(data.length);
    widenFloat16(new Uint16Array((data as Uint16Array).buffer, (data as Uint16Array).byteOffset, data.length), logits);
    for (let at = 0; at + 1 < tokenIds.length; at++) losses.push(lossOf(logits.subarray(at * width, (at + 1) * width), tokenIds[at + 1]!));
  }
  await session.release();
  return losses;
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
      return [input.name, new Tensor('float16', new Uint16Array(0), shape)];
    }),
  );
}

function lossOf(logits: Float32Array, target: number): number {
  const largest = Math.max(...logits);
  return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)) + largest - logits[target]!;
}

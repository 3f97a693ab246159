import { describe, expect, it } from 'vitest';
import { attachLossHead } from '../../../src/graph/foreign/attach-loss-head.js';
import { causalityProbe } from '../../../src/graph/foreign/causality.js';
import { add } from '../../../src/graph/ops.js';
import { ALL_STATS, attach, CASES, folderOf, open } from './foreign-fixture.js';
import { projected, tinyDecoder, VOCAB, WIDTH } from './tiny-decoder.js';

async function probe(model: Uint8Array, vocabSize: number, folder: string | null = null): Promise<() => void> {
  const { feeds, check } = causalityProbe(vocabSize);
  const session = await open(model, folder);
  const { loss } = await session.run(feeds);
  await session.release();
  return () => { check(loss!.data as Float32Array); };
}

describe('causalityProbe', () => {
  for (const name of CASES) {
    it(`accepts a decoder: ${name}`, async () => {
      const { model, vocabSize } = await attach(name);
      const check = await probe(model, vocabSize, folderOf(name));
      expect(check).not.toThrow();
    });
  }

  it('refuses a model that looks at later tokens', async () => {
    const bytes = tinyDecoder((parts) => {
      const { g, hidden } = parts;
      const mean = g.node('ReduceMean', [hidden, g.constant('int64', [1], [1])], 'float32', ['batch', 1, WIDTH]);
      g.output('logits', projected(parts, add(g, hidden, mean)));
    });
    const { model, vocabSize } = await attachLossHead(bytes, { stats: ALL_STATS });
    const check = await probe(model, vocabSize);
    expect(check).toThrow(/the model must be causal, found that the loss of token 1 moves by \S+ nats when token 9 and those after it change/);
  });

  for (const vocabSize of [2, VOCAB, 50257]) {
    it(`changes every token of the second half and none of the first: ${vocabSize} ids`, () => {
      const { data } = causalityProbe(vocabSize).feeds.input_ids;
      const changed = Array.from({ length: 16 }, (_, at) => data[at] !== data[16 + at]);
      expect(changed).toEqual([...new Array<boolean>(8).fill(false), ...new Array<boolean>(8).fill(true)]);
      expect(data.every((id) => id >= 0 && id < vocabSize)).toBe(true);
    });
  }
});

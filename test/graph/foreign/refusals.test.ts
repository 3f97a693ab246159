import { describe, expect, it } from 'vitest';
import { TouchstoneError } from '../../../src/errors.js';
import { attachLossHead, type AttachOptions } from '../../../src/graph/foreign/attach-loss-head.js';
import { cast, squeeze } from '../../../src/graph/ops.js';
import { ALL_STATS, editModel, feedsFor, modelBytes, open } from './foreign-fixture.js';
import { projected, tinyDecoder, VOCAB, type TinyParts } from './tiny-decoder.js';

async function refusal(bytes: Uint8Array, options: Partial<AttachOptions> = {}): Promise<TouchstoneError> {
  const outcome: unknown = await attachLossHead(bytes, { stats: ALL_STATS, subject: 'x.onnx', ...options }).catch((error: unknown) => error);
  if (!(outcome instanceof TouchstoneError)) throw new Error(`expected a refusal, got ${String(outcome)}`);
  return outcome;
}

const utf8 = new TextEncoder();
const plain = (parts: TinyParts): void => {
  parts.g.output('logits', projected(parts));
};

/** A decoder with one more input, which its logits depend on. */
const withInput = (name: string, shape: readonly (string | number)[]): Uint8Array =>
  tinyDecoder((parts) => {
    const { g } = parts;
    const extra = cast(g, g.input(name, 'int64', shape), 'float32');
    g.output('logits', g.node('Add', [projected(parts), extra], 'float32', ['batch', 'seq', VOCAB]));
  });

describe('a file that is no ONNX model is refused', () => {
  const files: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['an empty file', new Uint8Array(0), /^x\.onnx: expected an ONNX model, found 0 bytes$/],
    ['text', utf8.encode('{"model_type": "llama", "hidden_size": 4096, "vocab_size": 32000}'), /^x\.onnx: expected an ONNX model, found 65 bytes that are none/],
    ['zeros', new Uint8Array(4096), /found 4096 bytes/],
    ['a Git LFS pointer', utf8.encode('version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n'), /found a Git LFS pointer of 63 bytes/],
    ['a model in the ORT format', Uint8Array.of(0x18, 0, 0, 0, 0x4f, 0x52, 0x54, 0x4d, 0, 0, 0, 0), /found one in the ORT format/],
    ['a model cut short', modelBytes('llama-dynamo').subarray(0, 20_000), /found 20000 bytes that are none/],
  ];
  for (const [what, bytes, message] of files) {
    it(what, async () => {
      const error = await refusal(bytes);
      expect(error.message).toMatch(message);
      expect(error.kind).toBe('io');
      expect(error.advice).toBeDefined();
    });
  }
});

describe('a model that cannot be scored is refused', () => {
  const models: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
    ['without logits, listing its outputs', () => tinyDecoder((parts) => { parts.g.output('last_hidden_state', parts.hidden); }), /it must have an output logits, found last_hidden_state$/],
    ['without input_ids, listing its inputs', () => editModel(tinyDecoder(plain), (model) => { model.graph!.input[0]!.name = 'inputs_embeds'; }), /it must have an input input_ids, found inputs_embeds$/],
    ['with an encoder', () => withInput('encoder_hidden_states', ['batch', 'seq', 1]), /must be a decoder without an encoder, found input encoder_hidden_states$/],
    ['with an input that is not known', () => withInput('image_grid', ['batch', 1]), /input image_grid \(int64 \[batch, 1\]\) is not one a decoder is known to have$/],
    ['with a mask of another rank', () => withInput('attention_mask', ['batch', 1, 'seq', 'seq']), /input attention_mask has an unexpected rank, found shape \[batch, 1, seq, seq\]$/],
    ['with a past of fixed length', () => withInput('past_key_values.0.key', ['batch', 4, 128, 8]), /past_key_values\.0\.key must have one axis for the batch and one for the past tokens without a fixed size, found shape \[batch, 4, 128, 8\]$/],
    ['with heads and batch in one axis of the past', () => withInput('past_key_values.0.key', ['batch_size x num_heads', 8, 'past']), /found shape \[batch_size x num_heads, 8, past\]$/],
    ['for one batch size only', () => tinyDecoder(plain, { idsShape: [1, 'seq'] }), /input_ids must take any batch size and length, found shape \[1, seq\]$/],
    ['in an old operator set', () => editModel(tinyDecoder(plain), (model) => { model.opsetImport[0]!.version = 10n; }), /must import operator set 11 or newer, found 10$/],
    ['with logits that do not depend on input_ids', () => tinyDecoder(({ g, ids, head }) => { g.output('ids', ids); g.output('logits', head); }), /logits must depend on input_ids, found that they do not$/],
    ['with integer logits', () => tinyDecoder(({ g, ids }) => { g.output('logits', ids); }), /logits must be float32, float16 or bfloat16, found INT64$/],
    ['with whole logits of unknown width', () => tinyDecoder(({ g, hidden, head }) => { g.output('logits', g.node('Softmax', [g.node('MatMul', [hidden, head], 'float32', hidden.shape)], 'float32', ['batch', 'seq', 'vocab'])); }), /logits must be declared with the size of the vocabulary, found none$/],
    ['with a projection of another width than declared', () => tinyDecoder(({ g, hidden, head }) => { g.output('logits', g.node('MatMul', [hidden, head], 'float32', ['batch', 'seq', 9])); }), /found 9, where the projection gives 7$/],
  ];
  for (const [what, bytes, message] of models) {
    it(what, async () => {
      const error = await refusal(bytes());
      expect(error.message).toMatch(message);
      expect(error.message.startsWith('x.onnx: ')).toBe(true);
      expect(error.kind).toBe('usage');
    });
  }
});

describe('a model that gives logits for the last position only is refused', () => {
  const last = ({ g }: TinyParts) => g.constant('int64', [1], [-1]);
  const models: readonly (readonly [string, (parts: TinyParts) => void, RegExp])[] = [
    ['declared so', ({ g, head, hidden }) => { g.output('logits', g.node('MatMul', [hidden, head], 'float32', ['batch', 1, VOCAB])); }, /output logits has shape \[batch, 1, 7\]$/],
    ['by a Slice of hidden rows', (parts) => {
      const { g, hidden } = parts;
      const end = g.constant('int64', [1], [2 ** 31]);
      const axis = g.constant('int64', [1], [1]);
      g.output('logits', projected(parts, g.node('Slice', [hidden, last(parts), end, axis], 'float32', ['batch', 'one', 4])));
    }, /Slice "Slice" takes -1$/],
    ['by a Gather of hidden rows', (parts) => {
      const { g, hidden } = parts;
      const picked = g.node('Gather', [hidden, last(parts)], 'float32', ['batch', 1, 4], { attributes: { axis: { kind: 'int', value: 1 } } });
      g.output('logits', g.node('Unsqueeze', [projected(parts, squeeze(g, picked, 1)), g.constant('int64', [1], [1])], 'float32', ['batch', 'one', VOCAB]));
    }, /Gather "Gather_1" takes -1$/],
  ];
  for (const [how, finish, message] of models) {
    it(how, async () => {
      const error = await refusal(tinyDecoder(finish));
      expect(error.message).toContain('the model must give logits for every position, ');
      expect(error.message).toMatch(message);
      expect(error.advice).toContain('logits_to_keep = 0');
    });
  }

  it('in a way only the runtime sees: the batch fails, no loss is made up', async () => {
    const bytes = tinyDecoder((parts) => {
      const { g, hidden, ids } = parts;
      const first = squeeze(g, g.node('ReduceMin', [ids], 'int64', [1, 1]), 0); // a position that depends on the data
      g.output('logits', projected(parts, g.node('Gather', [hidden, first], 'float32', ['batch', 'one', 4], { attributes: { axis: { kind: 'int', value: 1 } } })));
    });
    const { model } = await attachLossHead(bytes, { stats: ALL_STATS });
    const session = await open(model);
    await expect(session.run(feedsFor([[1, 2, 3]]))).rejects.toThrow(/cannot be reshaped/);
    await session.release();
  });

  it('a custom operator is left to the runtime to refuse', async () => {
    const bytes = editModel(tinyDecoder(plain), (model) => {
      model.graph!.node[0]!.domain = 'com.example';
    });
    const { model } = await attachLossHead(bytes, { stats: ALL_STATS });
    await expect(open(model)).rejects.toThrow(/com\.example/);
  });
});


import { create, fromBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema, TensorProto_DataType, TensorShapeProtoSchema, TypeProto_TensorSchema, TypeProtoSchema, ValueInfoProtoSchema, type ValueInfoProto,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { attachLossHead } from '../../../src/graph/foreign/attach-loss-head.js';
import type { DataType, Dim, Value } from '../../../src/graph/ir.js';
import { add, cast, concat, mul, reshape, unsqueeze } from '../../../src/graph/ops.js';
import { ALL_STATS, editModel, largestDifference, open, score } from './foreign-fixture.js';
import { logitsAfter, lossesOf, projected, tinyDecoder, WIDTH, type TinyParts } from './tiny-decoder.js';

const SEQUENCES = [[1, 2, 3, 4, 5, 6], [6, 0, 6], [2, 2]];

async function losses(bytes: Uint8Array): Promise<Float32Array> {
  const { model } = await attachLossHead(bytes, { stats: ALL_STATS });
  const session = await open(model);
  const { loss } = await score(session, SEQUENCES);
  await session.release();
  return loss;
}

/** A decoder that adds an input, cast to float32 and brought to [B, S, 1], to its hidden rows. */
function shiftedBy(name: string, dtype: DataType, shape: readonly Dim[], toColumn: (parts: TinyParts, input: Value) => Value): Uint8Array {
  return tinyDecoder((parts) => {
    const { g, hidden } = parts;
    const column = toColumn(parts, cast(g, g.input(name, dtype, shape), 'float32'));
    g.output('logits', projected(parts, g.node('Add', [hidden, column], 'float32', hidden.shape)));
  });
}

const column = ({ g }: TinyParts, input: Value): Value => unsqueeze(g, input, 2);

/** A decoder that puts `past` before its hidden rows along the token axis; more than the tokens of the batch come out unless it is empty. */
function afterPast(name: string, dtype: DataType, shape: readonly Dim[], axis: number, toPast: (parts: TinyParts, hidden: Value) => Value): Uint8Array {
  return tinyDecoder((parts) => {
    const { g, hidden } = parts;
    const past = cast(g, g.input(name, dtype, shape), 'float32');
    const joined = concat(g, [past, toPast(parts, hidden)], axis);
    parts.g.output('logits', projected(parts, reshape(g, joined, ['batch', 'seq', WIDTH], [0, -1, WIDTH])));
  });
}

function scalarInput(name: string, elemType: number): ValueInfoProto {
  const tensor = create(TypeProto_TensorSchema, { elemType, shape: create(TensorShapeProtoSchema, {}) });
  return create(ValueInfoProtoSchema, { name, type: create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } }) });
}

describe('inputs of an exported decoder', () => {
  const shifts: readonly (readonly [string, DataType, readonly Dim[], (position: number) => number, typeof column])[] = [
    ['attention_mask', 'int64', ['batch', 'total'], () => 1, column],
    ['attention_mask', 'int32', ['batch', 'seq'], () => 1, column],
    ['attention_mask', 'float32', ['', ''], () => 1, column],
    ['attention_mask', 'bool', ['batch', 'seq'], () => 1, column],
    ['token_type_ids', 'int64', ['batch', 'seq'], () => 0, column],
    ['position_ids', 'int64', ['batch', 'seq'], (position) => position, column],
    ['position_ids', 'int32', ['seq'], (position) => position, ({ g }, input) => unsqueeze(g, unsqueeze(g, input, 0), 2)],
    ['cache_position', 'int64', ['seq'], (position) => position, ({ g }, input) => unsqueeze(g, unsqueeze(g, input, 0), 2)],
    ['use_cache_branch', 'bool', [1], () => 0, (_, input) => input],
    ['logits_to_keep', 'int64', [], () => 0, (_, input) => input],
    ['num_logits_to_keep', 'int64', [1], () => 0, (_, input) => input],
  ];
  for (const [name, dtype, shape, valueAt, toColumn] of shifts) {
    const said = valueAt(3) === 3 ? '0 .. T-1' : `${valueAt(0)}`;
    it(`${name} ${dtype} [${shape.join(', ')}] is ${said}`, async () => {
      const expected = lossesOf(SEQUENCES, (id, position) => logitsAfter(id, valueAt(position)));
      const plain = lossesOf(SEQUENCES);
      expect(largestDifference(await losses(shiftedBy(name, dtype, shape, toColumn)), expected)).toBeLessThan(1e-5);
      expect(largestDifference(plain, expected) > 0.1).toBe(valueAt(3) !== 0); // a wrong value would have been seen
    });
  }

  const heads = ({ g }: TinyParts, hidden: Value): Value => unsqueeze(g, hidden, 1);
  const pasts: readonly (readonly [string, DataType, readonly Dim[], number, typeof heads])[] = [
    ['past_key_values.0.key', 'float32', ['batch', 1, 'past', WIDTH], 2, heads],
    ['past_key_values.0.value', 'float16', ['batch_size', 1, 'past', WIDTH], 2, heads],
    ['past_key_values.11.key', 'uint8', ['', 1, '', WIDTH], 2, heads],
    ['past_key.0', 'float32', ['batch', 'past', 1, WIDTH], 1, ({ g }, hidden) => unsqueeze(g, hidden, 2)],
    ['past_value.3', 'float32', ['past', 'batch', WIDTH], 0, ({ g }, hidden) => g.node('Transpose', [hidden], 'float32', ['seq', 'batch', WIDTH], { attributes: { perm: { kind: 'ints', value: [1, 0, 2] } } })],
    ['past_0', 'float32', [1, 'batch', 1, 'past', WIDTH], 3, ({ g }, hidden) => unsqueeze(g, unsqueeze(g, hidden, 1), 0)],
    ['past_key_values_key_cache_0', 'float32', ['batch', 1, 0, WIDTH], 2, heads],
  ];
  for (const [name, dtype, shape, axis, toPast] of pasts) {
    it(`${name} ${dtype} [${shape.join(', ')}] is empty along its token axis`, async () => {
      // For one sequence every layout of the rows is the same.
      const bytes = afterPast(name, dtype, shape, axis, toPast);
      const { model } = await attachLossHead(bytes, { stats: ALL_STATS });
      const session = await open(model);
      const { loss } = await score(session, [SEQUENCES[0]!]);
      await session.release();
      expect(largestDifference(loss, lossesOf([SEQUENCES[0]!]))).toBeLessThan(1e-5);
    });
  }

  it('the batch axis of a past is the one named as in input_ids', async () => {
    const bytes = tinyDecoder((parts) => {
      const { g, hidden } = parts;
      const past = g.input('past_key_values.0.key', 'float32', ['p', 'n', WIDTH]);
      const byToken = g.node('Transpose', [hidden], 'float32', ['s', 'n', WIDTH], { attributes: { perm: { kind: 'ints', value: [1, 0, 2] } } });
      const joined = g.node('Concat', [past, byToken], 'float32', ['s', 'n', WIDTH], { attributes: { axis: { kind: 'int', value: 0 } } });
      const back = g.node('Transpose', [joined], 'float32', ['n', 's', WIDTH], { attributes: { perm: { kind: 'ints', value: [1, 0, 2] } } });
      g.output('logits', projected(parts, back));
    }, { idsShape: ['n', 's'] });
    expect(largestDifference(await losses(bytes), lossesOf(SEQUENCES))).toBeLessThan(1e-5);
  });

  it('input_ids of type int32 are taken as they are', async () => {
    const bytes = tinyDecoder((parts) => {
      parts.g.output('logits', projected(parts));
    }, { idsType: 'int32' });
    const { model } = await attachLossHead(bytes, { stats: ALL_STATS });
    expect(fromBinary(ModelProtoSchema, model).graph!.node.map(({ opType }) => opType)).not.toContain('Cast');
    expect(largestDifference(await losses(bytes), lossesOf(SEQUENCES))).toBeLessThan(1e-5);
  });

  it('an input that logits do not depend on needs no value, known or not', async () => {
    const bytes = tinyDecoder((parts) => {
      const beam = parts.g.input('beam_idx', 'int32', ['batch']);
      parts.g.output('logits', projected(parts));
      parts.g.output('beams', beam);
    });
    const { notes } = await attachLossHead(bytes, { stats: ALL_STATS });
    expect(largestDifference(await losses(bytes), lossesOf(SEQUENCES))).toBeLessThan(1e-5);
    expect(notes[0]).toBe('Outputs not needed: beams.');
  });

  it('a value of the model that has the name of an input or output of a scoring graph gets another', async () => {
    const bytes = tinyDecoder((parts) => {
      const { g, hidden, head } = parts;
      const rows = g.node('Identity', [hidden], 'float32', hidden.shape, { name: 'rows' });
      const loss = g.node('MatMul', [rows, head], 'float32', ['K', 'R', 7], { name: 'loss' });
      const two = g.constant('float32', [], [2]);
      g.output('logits', g.node('Mul', [loss, two], 'float32', loss.shape, { name: 'entropy' }));
    }, { idsShape: ['K', 'R'] });
    const doubled = lossesOf(SEQUENCES, (id) => logitsAfter(id).map((value) => 2 * value));
    expect(largestDifference(await losses(bytes), doubled)).toBeLessThan(1e-5);
  });

  it('a default listed as an initializer does not stand in for a known input, and is a constant for any other', async () => {
    const bytes = tinyDecoder((parts) => {
      const { g, hidden } = parts;
      const keep = cast(g, g.constant('int64', [], [1]), 'float32');
      const scale = g.constant('float32', [], [3]);
      g.output('logits', projected(parts, mul(g, add(g, hidden, keep), scale)));
    });
    const listed = editModel(bytes, (model) => {
      const graph = model.graph!;
      const [keep, scale] = graph.initializer.filter(({ name }) => name.startsWith('constant'));
      graph.node.find(({ opType }) => opType === 'Cast')!.input = ['logits_to_keep'];
      keep!.name = 'logits_to_keep';
      graph.input.push(scalarInput('logits_to_keep', TensorProto_DataType.INT64), scalarInput(scale!.name, TensorProto_DataType.FLOAT));
      model.irVersion = 3n;
    });
    const expected = lossesOf(SEQUENCES, (id) => logitsAfter(id).map((value) => 3 * value));
    expect(largestDifference(await losses(listed), expected)).toBeLessThan(1e-5);
  });
});

import { toBinary } from '@bufbuild/protobuf';
import { AttributeProtoSchema, type NodeProto } from 'onnx-buf';
import type { GraphBuilder } from '../builder.js';
import type { Attributes, DataType, Value } from '../ir.js';
import { linear, reshape } from '../ops.js';
import { castTo, elementType } from './element-type.js';
import { intAttribute, isStandard } from './graph-index.js';
import type { RowsTail } from './logits-tail.js';
import type { Projection } from './projection.js';

/**
 * float32 logits [R, V] of hidden rows [R, width], themselves widened, by the model's own operators, copied into `body`. Weights stay in
 * the graph around it, `g`, where 16-bit floats are widened once: inside the body the runtime would do it again for every chunk.
 */
export function projectRows(g: GraphBuilder, body: GraphBuilder, rows: Value, { projection, steps }: RowsTail): Value {
  const shape = [rows.shape[0]!, projection.vocabSize];
  let logits = project(g, body, rows, projection, shape);
  for (const { node, shared } of steps) {
    const target = node.opType === 'Cast' ? elementType(intAttribute(node, 'to', 0)) : undefined;
    if (target === undefined) logits = copyNode(body, node, shared.map((value) => (value === null ? logits : widened(g, value))), logits.dtype, shape);
    else if (!isHalf(target)) logits = castTo(body, logits, target);
  }
  // A constant of shape [1, 1, V] has made the rows a batch of one.
  const alike = steps.every(({ shared }) => shared.every((value) => value === null || value.shape.length <= 2));
  return castTo(body, alike ? logits : reshape(body, logits, shape, [-1, projection.vocabSize]), 'float32');
}

function project(g: GraphBuilder, body: GraphBuilder, rows: Value, projection: Projection, shape: Value['shape']): Value {
  const { node, shared, storedTransposed, productType } = projection;
  // As one Gemm, the transposed copy that constant folding would make of a weight tied to the embedding never exists.
  if (storedTransposed !== null) return linear(body, rows, widened(g, storedTransposed));
  const weights = shared.slice(1).map((value) => (value === null ? null : widened(g, value)));
  return copyNode(body, node, [rows, ...weights], isHalf(productType) ? 'float32' : productType, shape);
}

function isHalf(dtype: DataType): boolean {
  return dtype === 'float16' || dtype === 'bfloat16';
}

/** The value in float32 if it is a 16-bit float, else as it is. */
export function widened(g: GraphBuilder, value: Value): Value {
  return isHalf(value.dtype) ? castTo(g, value, 'float32') : value;
}

function copyNode(body: GraphBuilder, node: NodeProto, inputs: readonly (Value | null)[], dtype: DataType, shape: Value['shape']): Value {
  const attributes: Attributes = Object.fromEntries(
    node.attribute.map((attribute) => [attribute.name, { kind: 'encoded', value: toBinary(AttributeProtoSchema, attribute) }]),
  );
  return body.node(node.opType, inputs, dtype, shape, { attributes, domain: isStandard(node.domain) ? '' : 'com.microsoft' });
}

import { TensorProto_DataType } from 'onnx-buf';
import type { GraphBuilder } from '../builder.js';
import { int, type DataType, type Value } from '../ir.js';

const CODES: Readonly<Record<DataType, TensorProto_DataType>> = {
  float32: TensorProto_DataType.FLOAT,
  float16: TensorProto_DataType.FLOAT16,
  bfloat16: TensorProto_DataType.BFLOAT16,
  int32: TensorProto_DataType.INT32,
  int64: TensorProto_DataType.INT64,
  int8: TensorProto_DataType.INT8,
  uint8: TensorProto_DataType.UINT8,
  bool: TensorProto_DataType.BOOL,
};
const NAMES: ReadonlyMap<number, DataType> = new Map(Object.entries(CODES).map(([name, code]) => [code, name as DataType]));

/** The element type behind a code of TensorProto.DataType; undefined for one no scoring graph computes with. */
export function elementType(code: number): DataType | undefined {
  return NAMES.get(code);
}

/** The code as ONNX spells it ("FLOAT8E4M3FN"), for messages. */
export function elementTypeName(code: number): string {
  return TensorProto_DataType[code] ?? `type ${code}`;
}

/** `x` in another element type. */
export function castTo(g: GraphBuilder, x: Value, dtype: DataType): Value {
  return x.dtype === dtype ? x : g.node('Cast', [x], dtype, x.shape, { attributes: { to: int(CODES[dtype]) } });
}

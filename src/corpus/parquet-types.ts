import type { SchemaElement, SchemaTree } from 'hyparquet';
import type { StoredValue } from './parquet-values.js';
import { ForeignValue } from './value-kind.js';

/** A field's value, or the bytes of a text that is not decoded yet. */
export type FieldOf = (stored: StoredValue) => unknown;

/** What a nested column amounts to: an array or an object like JSON's, of which nothing is read. */
export function nestedValue({ element }: SchemaTree): unknown {
  const isList = element.repetition_type === 'REPEATED' || element.converted_type === 'LIST' || element.logical_type?.type === 'LIST';
  return isList ? [] : {};
}

/**
 * What the stored values of a flat column mean: bytes for texts, exact integers (bigint for 64 bits), numbers, booleans, the usual spelling of
 * a UUID; a ForeignValue for anything else. Byte strings that do not say what they are count as texts (old Spark and Impala files).
 */
export function fieldOf(element: SchemaElement): FieldOf {
  const convert = presentField(element);
  return (stored) => (stored === null ? null : convert(stored));
}

function presentField({ type, converted_type: converted, logical_type: logical }: SchemaElement): (stored: NonNullable<StoredValue>) => unknown {
  const meaning = logical?.type ?? converted;
  const plain = meaning === undefined;
  const unsigned = converted?.startsWith('UINT_') === true || (logical?.type === 'INTEGER' && !logical.isSigned);
  const integer = plain || meaning === 'INTEGER' || /^U?INT_/.test(meaning);
  switch (type) {
    case 'BYTE_ARRAY':
      if (plain || meaning === 'STRING' || meaning === 'UTF8' || meaning === 'ENUM' || meaning === 'JSON') return (stored) => stored;
      break;
    case 'INT32':
      if (integer) return (stored) => (unsigned ? (stored as number) >>> 0 : stored);
      break;
    case 'INT64':
      if (integer) return (stored) => (unsigned ? BigInt.asUintN(64, stored as bigint) : stored);
      break;
    case 'FLOAT':
    case 'DOUBLE':
    case 'BOOLEAN':
      if (plain) return (stored) => stored;
      break;
    case 'FIXED_LEN_BYTE_ARRAY':
      if (meaning === 'UUID') return (stored) => uuid(stored as Uint8Array);
      break;
    default:
  }
  const foreign = new ForeignValue(`a Parquet ${meaning ?? type ?? 'value'}`);
  return () => foreign;
}

function uuid(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

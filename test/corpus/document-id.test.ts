import { describe, expect, it } from 'vitest';
import { documentId } from '../../src/corpus/document-id.js';
import { ForeignValue } from '../../src/corpus/value-kind.js';

const origin = { file: 'sub/train.jsonl', position: 18234, positionKind: 'byte' } as const;

describe('the id of a document', () => {
  it('is the string that is given, whatever it is', () => {
    for (const id of ['x', '', '🙂', '__proto__', 'null', ' 1 ']) expect(documentId(id, origin)).toEqual({ kind: 'given', id });
  });

  it('is the decimal digits of an integer', () => {
    expect(documentId(17, origin)).toEqual({ kind: 'given', id: '17' });
    expect(documentId(-0, origin)).toEqual({ kind: 'given', id: '0' });
    expect(documentId(Number.MAX_SAFE_INTEGER, origin)).toEqual({ kind: 'given', id: '9007199254740991' });
    expect(documentId(-9223372036854775808n, origin)).toEqual({ kind: 'given', id: '-9223372036854775808' });
  });

  it('keeps the digits a double has lost, where the input still has them', () => {
    expect(documentId(Number('9007199254740993'), origin, () => '9007199254740993')).toEqual({ kind: 'given', id: '9007199254740993' });
    expect(documentId(1e20, origin, () => '1e20')).toEqual({ kind: 'invalid', found: 'the number 1e20' });
    expect(documentId(1e20, origin)).toEqual({ kind: 'invalid', found: 'the number 100000000000000000000' });
  });

  it('is made from file and position where none is given', () => {
    expect(documentId(undefined, origin)).toEqual({ kind: 'made', id: 'sub/train.jsonl:18234' });
    expect(documentId(null, origin)).toEqual({ kind: 'made', id: 'sub/train.jsonl:18234' });
  });

  it('is invalid for anything else', () => {
    expect(documentId(1.5, origin, () => '1.50')).toEqual({ kind: 'invalid', found: 'the number 1.50' });
    expect(documentId(NaN, origin)).toEqual({ kind: 'invalid', found: 'the number NaN' });
    expect(documentId(true, origin)).toEqual({ kind: 'invalid', found: 'a boolean' });
    expect(documentId(['x'], origin)).toEqual({ kind: 'invalid', found: 'an array' });
    expect(documentId({}, origin)).toEqual({ kind: 'invalid', found: 'an object' });
    expect(documentId('a\udc00', origin)).toEqual({ kind: 'invalid', found: 'a string with a lone surrogate' });
    expect(documentId(new ForeignValue('a Parquet TIMESTAMP'), origin)).toEqual({ kind: 'invalid', found: 'a Parquet TIMESTAMP' });
  });
});

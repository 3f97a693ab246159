import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/math/random.js';
import { checkShard } from '../../src/store/check-shard.js';
import { COLUMN_CHOICES, NO_COLUMNS, randomDocument, randomDocuments } from './documents.js';
import { shardOf, useFolder } from './shards.js';

const ALL = COLUMN_CHOICES[15]!;
const folder = useFolder();

describe('checking a shard', () => {
  it('passes when it holds what its writer says it wrote', async () => {
    const { bytes, totals } = await shardOf(randomDocuments('check', 50, ALL), ALL, { rowGroupTokens: 400 });
    const path = await folder.put('shard.parquet', bytes);
    await expect(checkShard(path, totals)).resolves.toBeUndefined();
    await expect(checkShard(path, {})).resolves.toBeUndefined();
  });

  it.each(['rows', 'tokens', 'scored', 'lossSum', 'bytes'] as const)('fails on the first difference and names it: %s', async (name) => {
    const ordinary = { ...randomDocument(createRandom('differs'), 4, NO_COLUMNS), refLoss: Float32Array.of(NaN, 1, 0.25, 2) };
    const { bytes, totals } = await shardOf([ordinary, ordinary]);
    expect(totals).toEqual({ rows: 2, tokens: 8, scored: 6, lossSum: 6.5, bytes: bytes.length });
    const path = await folder.put('shard.parquet', bytes);
    const expected = { ...totals, [name]: totals[name] + 1 };
    await expect(checkShard(path, expected)).rejects.toMatchObject({ kind: 'io', message: `${path}: ${name} must be ${totals[name] + 1}, it is ${totals[name]}` });
  });

  it('fails when the file was cut off after it was written', async () => {
    const { bytes, totals } = await shardOf(randomDocuments('cut', 20, ALL), ALL);
    const path = await folder.put('shard.parquet', bytes.subarray(0, bytes.length - 1));
    await expect(checkShard(path, totals)).rejects.toThrow('begins and ends with "PAR1"');
  });
});

import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';

/** Every package that loading a source file loads, through static imports of sources. */
async function packagesOf(entry: URL, seen = new Set<string>(), packages = new Set<string>()): Promise<Set<string>> {
  if (seen.has(entry.href)) return packages;
  seen.add(entry.href);
  const source = await readFile(entry, 'utf8');
  for (const [, specifier] of source.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from '([^']+)';/gms)) {
    if (!specifier!.startsWith('.')) packages.add(specifier!);
    else await packagesOf(new URL(specifier!.replace(/\.js$/, '.ts'), entry), seen, packages);
  }
  return packages;
}

describe('the store entry', () => {
  it('loads neither the native runtime, nor workers, nor a tokenizer, nor the Parquet writer', async () => {
    const packages = await packagesOf(new URL('../../src/store/index.ts', import.meta.url));
    const foreign = [...packages].filter((name) => !name.startsWith('node:')).sort();
    expect(foreign).toEqual(['@bokuweb/zstd-wasm', 'apache-arrow', 'hyparquet', 'hyparquet/src/thrift.js', 'zod']);
    expect([...packages]).not.toContain('node:worker_threads');
  });

  it('offers what its users need', async () => {
    const store = await import('../../src/store/index.js');
    expect(Object.keys(store).sort()).toEqual(['SCHEMA_VERSION', 'TouchstoneError', 'checkShard', 'openScoreSet', 'openShard', 'rowsOf', 'toArrow']);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/** Lower rooms first. A room imports from lower ranks only, and never from another room of its own rank. */
const RANKS: readonly (readonly string[])[] = [
  ['errors', 'records', 'tool', 'math', 'stream', 'charts'],
  ['corpus', 'tokenizer', 'windows', 'model', 'graph', 'runtime', 'run', 'selection'],
  ['store'],
  ['scoring', 'training', 'audit', 'masks'],
  ['verify'],
  ['config'],
  ['cli'],
  ['index'],
];
const PURE = ['math', 'windows', 'selection', 'graph'];

interface Import {
  readonly file: string;
  readonly room: string;
  readonly specifier: string;
  /** Room of a file of ours; undefined for a package. */
  readonly target: string | undefined;
}

const roomOf = (file: string): string => relative(SRC, file).split('/')[0]!.replace(/\.ts$/, '');

const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => join(SRC, name));
const IMPORTS: readonly Import[] = FILES.flatMap((file) => {
  const source = readFileSync(file, 'utf8');
  const specifiers = [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
  return specifiers.map((specifier) => ({
    file: relative(SRC, file),
    room: roomOf(file),
    specifier,
    target: specifier.startsWith('.') ? roomOf(resolve(dirname(file), specifier.replace(/\.js$/, '.ts'))) : undefined,
  }));
});
const rankOf = (room: string): number => RANKS.findIndex((rooms) => rooms.includes(room));
const show = (imports: readonly Import[]): string[] => imports.map(({ file, specifier }) => `${file} imports ${specifier}`);

describe('the house', () => {
  it('gives every room a rank', () => {
    expect(FILES.length).toBeGreaterThan(50);
    expect([...new Set(FILES.map(roomOf))].filter((room) => rankOf(room) < 0)).toEqual([]);
  });

  it('imports one way: from lower ranks, never sideways', () => {
    const foundation = RANKS[0]!;
    const wrong = IMPORTS.filter(({ room, target }) => {
      if (target === undefined || target === room) return false;
      // errors.ts may be used by all of the first rank.
      if (foundation.includes(room)) return target !== 'errors' && !(room === 'stream' && target === 'records');
      return rankOf(target) >= rankOf(room);
    });
    expect(show(wrong)).toEqual([]);
  });

  it('has no circle of files', () => {
    const edges = new Map<string, string[]>();
    for (const { file, specifier, target } of IMPORTS) {
      if (target !== undefined) edges.set(file, [...(edges.get(file) ?? []), relative(SRC, resolve(SRC, dirname(file), specifier.replace(/\.js$/, '.ts')))]);
    }
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): string[] => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return [];
      for (const next of edges.get(file) ?? []) {
        const circle = visit(next, [...path, file]);
        if (circle.length > 0) return circle;
      }
      done.add(file);
      return [];
    };
    expect([...edges.keys()].map((file) => visit(file, [])).filter((circle) => circle.length > 0)).toEqual([]);
  });

  it('touches the native runtime and starts threads in runtime/ only', () => {
    expect(show(IMPORTS.filter(({ specifier, room }) => specifier.startsWith('onnxruntime') && room !== 'runtime'))).toEqual([]);
    const threads = IMPORTS.filter(({ specifier, room, file }) => (specifier === 'piscina' || specifier === 'node:worker_threads') && room !== 'runtime' && !file.endsWith('.worker.ts'));
    expect(show(threads)).toEqual([]);
  });

  it('keeps math, windows, selection and graph free of Node', () => {
    expect(show(IMPORTS.filter(({ specifier, room }) => PURE.includes(room) && specifier.startsWith('node:')))).toEqual([]);
  });

  it('prints and exits in cli/ only', () => {
    const talking = FILES.filter((file) => roomOf(file) !== 'cli' && /\bconsole\.|process\.(exit|stdout|stderr|exitCode)\b/.test(readFileSync(file, 'utf8')));
    expect(talking.map((file) => relative(SRC, file))).toEqual([]);
  });

  it('reads score sets without the runtime, a tokenizer or threads', () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const { specifier } of IMPORTS.filter((entry) => entry.file === file && entry.target !== undefined)) {
        visit(relative(SRC, resolve(SRC, dirname(file), specifier.replace(/\.js$/, '.ts'))));
      }
    };
    visit('store/index.ts');
    expect([...seen].filter((file) => /^(runtime|tokenizer|scoring|graph|model)\//.test(file))).toEqual([]);
  });
});

import { join, resolve } from 'node:path';
import glob from 'fast-glob';

/** Makes every text in a value an absolute path; what is not a text, or empty, is left for the schema to refuse. */
export function absolutePaths(value: unknown, folder: string, globs: boolean): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => absolutePaths(entry, folder, globs));
  if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, absolutePaths(entry, folder, globs)]));
  if (typeof value !== 'string' || value.trim() === '') return value;
  const absolute = resolve(folder, value);
  // In a glob the folder stands for itself, even where its name has brackets or stars.
  return globs && absolute !== value && glob.isDynamicPattern(value) ? join(glob.escapePath(folder), value) : absolute;
}

import { relative } from 'node:path';

/** The path from the working directory where that leads downwards, else the absolute one. */
export function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === '' ? '.' : short.startsWith('..') ? path : short;
}

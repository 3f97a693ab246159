import { readdir, readlink } from 'node:fs/promises';

/** Paths below a folder that this process holds open. Linux only; elsewhere none are seen. */
export async function openPathsBelow(folder: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd').catch(() => []);
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(folder));
}

import type * as FileSystem from 'node:fs/promises';

/** Which reads answer EIO: those of files whose path matches, as many as `times` says. */
export interface Unreadable {
  path: Pick<RegExp, 'test'> | undefined;
  times: number;
}

/** node:fs/promises for vi.mock, whose open files cannot be read where `unreadable` says so. */
export function failingReads(original: typeof FileSystem, unreadable: Unreadable): typeof FileSystem {
  return {
    ...original,
    open: async (path, ...rest) => {
      const handle = await original.open(path, ...rest);
      const read = handle.read.bind(handle) as (...args: unknown[]) => Promise<{ bytesRead: number }>;
      handle.read = (async (...args: unknown[]) => {
        if (unreadable.times > 0 && unreadable.path?.test(String(path)) === true) {
          unreadable.times--;
          throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' });
        }
        return await read(...args);
      }) as typeof handle.read;
      return handle;
    },
  };
}

import { describe, expect, it } from 'vitest';
import { sayOutOfDescriptors } from '../../src/cli/out-of-descriptors.js';

describe('what is thrown where the limit of open files is low', () => {
  it('is told with the limit to raise: files that cannot be opened, and modules that Node then cannot find', () => {
    const open = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE', path: '/lib/a.js' });
    expect(sayOutOfDescriptors(open)).toMatchObject({ kind: 'io', message: 'cannot open /lib/a.js: this process has too many files open (EMFILE)' });
    const missing = Object.assign(new Error("Cannot find package 'yaml'"), { code: 'ERR_MODULE_NOT_FOUND' });
    expect(sayOutOfDescriptors(missing)).toMatchObject({ kind: 'io', message: "a file of this program could not be loaded: Cannot find package 'yaml'", advice: expect.stringContaining('ulimit -n') as string });
  });

  it('is left as it is where it is something else', () => {
    const other = new TypeError('x is not a function');
    expect(sayOutOfDescriptors(other)).toBe(other);
  });
});

import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFolder } from '../../src/run/folder.js';

let root: string;
beforeAll(() => { root = mkdtempSync(join(tmpdir(), 'touchstone-folder-')); });
afterAll(() => { rmSync(root, { recursive: true, force: true }); });

describe('createFolder', () => {
  it('creates what is missing and leaves what is there', async () => {
    const folder = join(root, 'a/b/c');
    await createFolder(folder);
    await createFolder(folder);
    expect(statSync(folder).isDirectory()).toBe(true);
  });

  it('refuses a name that is a file, or lies below one', async () => {
    writeFileSync(join(root, 'file'), '');
    await expect(createFolder(join(root, 'file'))).rejects.toThrow(/cannot create the folder .*file/);
    await expect(createFolder(join(root, 'file/below'))).rejects.toThrow('not a folder');
  });

  it.skipIf(!existsSync('/proc/self'))('ends with an error where the file system will not have it, as in /proc', async () => {
    await expect(createFolder('/proc/touchstone/run')).rejects.toThrow('cannot create the folder /proc/touchstone');
  });
});

import { createHash } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TouchstoneError } from '../../src/errors.js';
import { fileChunks } from '../../src/stream/file-chunks.js';
import { hashFile } from '../../src/stream/file-hash.js';
import { corpusFolder } from '../corpus/corpus-folder.js';
import { openPathsBelow } from '../corpus/open-files.js';

describe('the hash of a file', () => {
  it('is the sha256 of its bytes, with their number', async () => {
    const folder = await corpusFolder();
    for (const size of [0, 1, 256 * 1024 - 1, 256 * 1024, 600_001]) {
      const content = Buffer.alloc(size, 'touchstone');
      const path = await folder.write(`${size}.bin`, content);
      expect(await hashFile(path)).toEqual({ sha256: createHash('sha256').update(content).digest('hex'), bytes: size });
    }
  });

  it('names the file that cannot be read', async () => {
    const folder = await corpusFolder();
    const path = join(folder.path, 'absent.bin');
    await expect(hashFile(path)).rejects.toThrow(new TouchstoneError('io', `cannot read ${path}: it does not exist`));
    await expect(hashFile(folder.path)).rejects.toThrow(TouchstoneError);
  });

  it('stops at an aborted signal and closes the file', async () => {
    const folder = await corpusFolder();
    const path = await folder.write('large.bin', Buffer.alloc(64 * 1024 * 1024));
    await expect(hashFile(path, AbortSignal.abort())).rejects.toThrow('aborted');
    const controller = new AbortController();
    const hashing = hashFile(path, controller.signal);
    setTimeout(() => { controller.abort(new Error('enough')); }, 2);
    await expect(hashing).rejects.toThrow('enough');
    expect(await openPathsBelow(folder.path)).toEqual([]);
  });
});

describe('the chunks of a file', () => {
  it('have the same boundaries however the range lies, and cover it exactly', async () => {
    const folder = await corpusFolder();
    const path = await folder.write('bytes.bin', Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251)));
    const handle = await open(path);
    const sizes: number[] = [];
    const parts: Buffer[] = [];
    for await (const chunk of fileChunks(handle, path, { start: 10, end: 333, chunkBytes: 100 })) {
      sizes.push(chunk.length);
      parts.push(chunk);
    }
    await handle.close();
    expect(sizes).toEqual([100, 100, 100, 23]);
    expect(Buffer.concat(parts)).toEqual((await readFile(path)).subarray(10, 333));
  });

  it('end in an error where the file is shorter than it was', async () => {
    const folder = await corpusFolder();
    const path = await folder.write('short.bin', Buffer.alloc(100));
    const handle = await open(path);
    await writeFile(path, Buffer.alloc(40));
    const chunks = fileChunks(handle, path, { end: 100 });
    await expect(chunks.next()).resolves.toMatchObject({ done: false });
    await expect(chunks.next()).rejects.toThrow(`${path} ends at byte 40, expected at least 100 bytes`);
    await handle.close();
  });
});

import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { errnoOf } from '../errors.js';
import type { ByteSink } from '../stream/byte-sink.js';
import type { FileHash } from './file-hash.js';
import { createFolder, syncFolder } from './folder.js';
import { ioError } from './io-error.js';
import { TemporaryFile, temporaryPath } from './temporary-file.js';

/**
 * One attempt at a folder of files, under a name of its own beside `finalPath`: `write` its files, then `publish` it, else `discard`. The final name shows all of
 * the folder or nothing, through a crash or a power cut, and no attempt ever touches what another has written. Errors name final paths, which the user knows.
 */
export class TemporaryFolder {
  readonly path: string;
  readonly finalPath: string;
  readonly #files: Record<string, FileHash> = {};

  private constructor(path: string, finalPath: string) {
    this.path = path;
    this.finalPath = finalPath;
  }

  /** Creates the folder, and those above it where they are missing. */
  static async create(finalPath: string): Promise<TemporaryFolder> {
    const path = temporaryPath(finalPath);
    await createFolder(dirname(finalPath));
    await mkdir(path).catch((error: unknown) => {
      throw ioError('create the folder', finalPath, error);
    });
    return new TemporaryFolder(path, finalPath);
  }

  /** Size and sha256 of the files written so far, by name. */
  get files(): Readonly<Record<string, FileHash>> {
    return this.#files;
  }

  /** Writes a file of the folder, durably; one that fails is removed. */
  readonly write = async (name: string, write: (sink: ByteSink) => Promise<void>): Promise<void> => {
    const file = await TemporaryFile.createAs(join(this.path, name), join(this.finalPath, name));
    try {
      await write(file.sink);
      this.#files[name] = await file.finish();
    } catch (error) {
      await file.discard();
      throw error;
    }
  };

  /** Gives the folder its final name, durably, unless a folder with anything in it has that name: the first wins, and nothing is ever replaced. */
  async publish(): Promise<'created' | 'exists'> {
    await syncFolder(this.path);
    try {
      await rename(this.path, this.finalPath);
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) return 'exists';
      throw ioError('create the folder', this.finalPath, error);
    }
    await syncFolder(dirname(this.finalPath));
    return 'created';
  }

  /** Removes the folder, unless it has got its final name. Never throws: it may run while an error is on its way. */
  async discard(): Promise<void> {
    await rm(this.path, { recursive: true, force: true }).catch(() => undefined);
  }
}

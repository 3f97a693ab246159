import { createHash } from 'node:crypto';
import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { errnoOf, messageOf, TouchstoneError } from '../errors.js';
import { readError } from '../stream/file-chunks.js';
import { isRecord, parseDefinition, type TokenizerDefinition } from './definition.js';

export interface TokenizerFile {
  /** Absolute path of tokenizer.json. */
  readonly path: string;
  /** The folder it lies in, where its companions are looked for. */
  readonly folder: string;
  /** sha256 of its bytes, lower-case hex. */
  readonly hash: string;
  readonly text: string;
  readonly definition: TokenizerDefinition;
}

/**
 * Reads tokenizer.json, given its path or its folder.
 * @throws TouchstoneError 'usage' where there is none, 'io' where it cannot be read or is not a tokenizer
 */
export async function readTokenizerFile(folderOrFile: string): Promise<TokenizerFile> {
  const path = await locate(resolve(folderOrFile));
  const bytes = await readFile(path).catch((error: unknown) => {
    throw readError(path, error);
  });
  try {
    const text = utf8(bytes);
    const definition = parseDefinition(JSON.parse(text));
    return { path, folder: dirname(path), hash: createHash('sha256').update(bytes).digest('hex'), text, definition };
  } catch (error) {
    throw new TouchstoneError('io', `${path} must be a Hugging Face tokenizer.json, and is none: ${messageOf(error)}`, {
      cause: error,
      advice: 'The file is damaged or was not downloaded whole (a Git LFS pointer is a few lines of text); fetch it again.',
    });
  }
}

/** A JSON object beside tokenizer.json; null where the file is absent. */
export async function readCompanion(folder: string, name: string): Promise<Readonly<Record<string, unknown>> | null> {
  const path = join(folder, name);
  try {
    const value: unknown = JSON.parse(utf8(await readFile(path)));
    if (!isRecord(value)) throw new Error('it holds no JSON object');
    return value;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw new TouchstoneError('io', `cannot read ${path}: ${messageOf(error)}`, { cause: error, advice: 'BOS and EOS are looked up in it; repair or remove it.' });
  }
}

async function locate(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw readError(path, error);
      throw new TouchstoneError('usage', `the tokenizer must be a folder or a tokenizer.json that exists, got ${path}`, { cause: error });
    },
  );
  if (!isFolder) {
    if (path.endsWith('.json')) return path;
    throw new TouchstoneError('usage', `the tokenizer must be a folder or a tokenizer.json, got ${path}`, { advice: adviceFor([basename(path)]) });
  }
  const names = await readdir(path);
  if (names.includes('tokenizer.json')) return join(path, 'tokenizer.json');
  throw new TouchstoneError('usage', `${path} has no tokenizer.json`, { advice: adviceFor(names) });
}

const CONVERT = "python -c \"from transformers import AutoTokenizer; AutoTokenizer.from_pretrained('FOLDER').save_pretrained('FOLDER')\"";

function adviceFor(names: readonly string[]): string {
  const has = (...wanted: string[]): boolean => wanted.every((name) => names.includes(name));
  if (names.some((name) => name.endsWith('.model'))) return `It has a SentencePiece model, which is another format of the same thing. Convert it once: ${CONVERT}`;
  if (has('vocab.json', 'merges.txt')) return `It has vocab.json and merges.txt, which leave the rules for splitting text to code. Convert them once: ${CONVERT}`;
  if (names.some((name) => name.endsWith('.tiktoken')) || has('vocab.txt')) return `It has a vocabulary in another format. Convert it once: ${CONVERT}`;
  return 'Name the folder of a Hugging Face checkpoint that has a tokenizer.json, or the file itself (tokenizer.path).';
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

import { TouchstoneError } from '../errors.js';
import type { ModelSpec } from '../records.js';
import { fileChunks, openFile } from '../stream/file-chunks.js';
import type { PlacedTensor } from './placed-tensors.js';

/**
 * The name of a stored head that only repeats the embedding it is tied to; undefined where none is stored. Versions of transformers disagree on a tied
 * head with weights of its own (4 ignores it, 5 uses it), so that is an error. Compares the two byte by byte, in constant memory.
 */
export async function tiedCopy(spec: ModelSpec, stored: ReadonlyMap<string, PlacedTensor>): Promise<string | undefined> {
  const names = headNames(spec);
  const head = stored.get(names.head);
  const embedding = stored.get(names.embedding);
  if (!spec.tiedHead || head === undefined || embedding === undefined) return undefined;
  if (head.tensor.dtype === embedding.tensor.dtype && (await sameBytes(head, embedding))) return names.head;
  throw new TouchstoneError('io', `config.json ties the head to the embedding, but ${names.head} and ${names.embedding} differ in the weight files`, {
    advice: 'Set tie_word_embeddings to false in config.json if the stored head is the trained one, or remove that tensor.',
  });
}

function headNames(spec: ModelSpec): { readonly head: string; readonly embedding: string } {
  if (spec.family === 'llama') return { head: 'lm_head.weight', embedding: 'model.embed_tokens.weight' };
  if (spec.family === 'gpt2') return { head: 'lm_head.weight', embedding: `${spec.weightPrefix}wte.weight` };
  return { head: 'embed_out.weight', embedding: 'gpt_neox.embed_in.weight' };
}

async function sameBytes(a: PlacedTensor, b: PlacedTensor): Promise<boolean> {
  if (a.tensor.byteLength !== b.tensor.byteLength) return false;
  await using first = await openFile(a.file.realPath);
  await using second = await openFile(b.file.realPath);
  const others = fileChunks(second, b.file.realPath, rangeOf(b));
  for await (const chunk of fileChunks(first, a.file.realPath, rangeOf(a))) {
    const other = await others.next();
    if (other.done === true || !chunk.equals(other.value)) return false;
  }
  return true;
}

function rangeOf({ tensor }: PlacedTensor): { readonly start: number; readonly end: number } {
  return { start: tensor.byteOffset, end: tensor.byteOffset + tensor.byteLength };
}

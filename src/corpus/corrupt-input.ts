import { messageOf, TouchstoneError } from '../errors.js';

/** The bytes of an input are not what their format promises. Readers of one format throw it; it ends in the quarantine, not at the user. */
export class CorruptInput extends Error {
  override readonly name = 'CorruptInput';
}

/** What a decoder threw, as CorruptInput: on damaged bytes decoders of other hands throw whatever they stumble over. Errors of reading pass as they are. */
export function asCorrupt(thrown: unknown): Error {
  return thrown instanceof CorruptInput || thrown instanceof TouchstoneError ? thrown : new CorruptInput(messageOf(thrown));
}

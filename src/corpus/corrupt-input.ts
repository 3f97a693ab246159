/** The bytes of an input are not what their format promises. Readers of one format throw it; it ends in the quarantine, not at the user. */
export class CorruptInput extends Error {
  override readonly name = 'CorruptInput';
}

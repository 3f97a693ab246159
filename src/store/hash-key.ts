/** The leading 32-bit words of a sha256 in lower-case hex, as many as `key` has; returns `key`. */
export function readHashKey(hash: string, key: Uint32Array): Uint32Array {
  for (let word = 0, at = 0; word < key.length; word++) {
    let bits = 0;
    for (const end = at + 8; at < end; at++) {
      const code = hash.charCodeAt(at);
      bits = (bits << 4) | (code < 58 ? code - 48 : code - 87);
    }
    key[word] = bits;
  }
  return key;
}

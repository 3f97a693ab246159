/**
 * Distinct keys of a fixed number of 32-bit words, numbered from 0 in the order they were added. The first word must be evenly distributed, as that of
 * a hash is. Memory: 4 bytes a word of each key and 4 bytes a slot, at 1.5 to 3 slots a key; fixed when it is made.
 */
export class KeyTable {
  readonly #words: number;
  /** Keys one after the other. */
  readonly #keys: Uint32Array;
  /** Number of a key + 1; 0 = free. A power of two of them, probed one after the other. */
  readonly #slots: Uint32Array;
  #size = 0;

  /** @param capacity keys that will be added at most */
  constructor(words: number, capacity: number) {
    this.#words = words;
    this.#keys = new Uint32Array(words * capacity);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(1, capacity) * 1.5)));
  }

  get size(): number {
    return this.#size;
  }

  /** The number of the key; -1 where it was never added. */
  find(key: Uint32Array): number {
    return this.#slots[this.#slotOf(key)]! - 1;
  }

  /** The number of the key, which is `size` before the call if it is new. */
  add(key: Uint32Array): number {
    const slot = this.#slotOf(key);
    const known = this.#slots[slot]!;
    if (known !== 0) return known - 1;
    this.#keys.set(key, this.#size * this.#words);
    this.#slots[slot] = ++this.#size;
    return this.#size - 1;
  }

  /** The slot the key is in, or the free one it would be put into. */
  #slotOf(key: Uint32Array): number {
    const last = this.#slots.length - 1;
    for (let slot = key[0]! & last; ; slot = (slot + 1) & last) {
      const found = this.#slots[slot]!;
      if (found === 0 || this.#holds(found - 1, key)) return slot;
    }
  }

  #holds(number: number, key: Uint32Array): boolean {
    for (let word = 0, at = number * this.#words; word < this.#words; word++, at++) {
      if (this.#keys[at] !== key[word]) return false;
    }
    return true;
  }
}

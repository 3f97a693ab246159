/**
 * Numbers from 0 to 2^52 - 1 under which entries are found again: an open-addressed table of float64, 20 to 40 bytes a key, where a Map of such numbers takes 80.
 * Entries are numbered from 0 in the order they were added; several may have one key, and adding or taking one takes the same time however many do.
 */
export class KeyTable {
  /** Slot: number of the last entry with the key, plus 1; negative once all of them have been taken, which keeps the slot for the key; 0 = empty. */
  #slots = new Int32Array(1 << 10);
  #keys = new Float64Array(1 << 9);
  /** The next entry with the same key; that of the last one is the first that has not been taken. */
  #next = new Int32Array(1 << 9);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds an entry behind those with the same key; returns its number. */
  add(key: number): number {
    if (this.#size === this.#keys.length) this.#grow();
    const entry = this.#size++;
    const slot = this.#slotOf(key);
    const last = this.#slots[slot]! - 1;
    this.#keys[entry] = key;
    this.#next[entry] = last < 0 ? entry : this.#next[last]!;
    if (last >= 0) this.#next[last] = entry;
    this.#slots[slot] = entry + 1;
    return entry;
  }

  /** Takes the first entry with the key out and returns its number; -1 where there is none (left). */
  take(key: number): number {
    const slot = this.#slotOf(key);
    const last = this.#slots[slot]! - 1;
    if (last < 0) return -1;
    const first = this.#next[last]!;
    if (first === last) this.#slots[slot] = -(last + 1);
    else this.#next[last] = this.#next[first]!;
    return first;
  }

  /** The slot the key is in, or the empty one it would be put into. */
  #slotOf(key: number): number {
    // Keys are hashes already; their low bits choose a slot.
    const mask = this.#slots.length - 1;
    for (let slot = (key % 0x80000000) & mask; ; slot = (slot + 1) & mask) {
      const found = this.#slots[slot]!;
      if (found === 0 || this.#keys[Math.abs(found) - 1] === key) return slot;
    }
  }

  /** Twice the room; every key gets a slot anew, and its entries stay as they are. */
  #grow(): void {
    const [keys, next, filled] = [this.#keys, this.#next, this.#slots];
    this.#keys = new Float64Array(keys.length * 2);
    this.#keys.set(keys);
    this.#next = new Int32Array(keys.length * 2);
    this.#next.set(next);
    this.#slots = new Int32Array(keys.length * 4);
    for (const found of filled) if (found !== 0) this.#slots[this.#slotOf(keys[Math.abs(found) - 1]!)] = found;
  }
}

/** The first 52 bits of a sha256 in hex. Of four million documents two share them with a chance of 0.2 %. */
export function hashKey(hash: string): number {
  return Number.parseInt(hash.slice(0, 13), 16);
}

/** 52 bits of any text: two multiplicative hashes (FNV-1a with different primes and a last scramble) side by side. */
export function textKey(text: string): number {
  let [low, high] = [0x811c9dc5, 0x1000193];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) + at;
  }
  return (scramble(high) >>> 12) * 2 ** 32 + (scramble(low) >>> 0);
}

function scramble(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

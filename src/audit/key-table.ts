/**
 * Numbers from 0 to 2^52 - 1 under which entries are found again: an open-addressed table of float64, 16 bytes a key at most, where a Map of such numbers takes 80.
 * Entries are numbered from 0 in the order they were added; several may have one key.
 */
export class KeyTable {
  /** Slot: number of the first entry with the key, plus 1; 0 = empty. */
  #slots = new Int32Array(1 << 10);
  #keys = new Float64Array(1 << 9);
  /** The next entry with the same key, plus 1; 0 = none. */
  #next = new Int32Array(1 << 9);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds an entry behind those with the same key; returns its number. */
  add(key: number): number {
    if (this.#size === this.#keys.length) this.#grow();
    const entry = this.#size++;
    this.#keys[entry] = key;
    this.#place(entry);
    return entry;
  }

  /** Takes the first entry with the key out and returns its number; -1 where there is none (left). */
  take(key: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = slotOf(key, mask); ; slot = (slot + 1) & mask) {
      const first = slots[slot]!;
      if (first === 0) return -1;
      if (this.#keys[Math.abs(first) - 1] !== key) continue;
      // A negative number keeps the slot for its key when every entry has been taken.
      if (first < 0) return -1;
      const entry = first - 1;
      slots[slot] = this.#next[entry] === 0 ? -first : this.#next[entry]!;
      return entry;
    }
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    const key = this.#keys[entry]!;
    let slot = slotOf(key, mask);
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      if (this.#keys[this.#slots[slot]! - 1] !== key) continue;
      let last = this.#slots[slot]! - 1;
      while (this.#next[last] !== 0) last = this.#next[last]! - 1;
      this.#next[last] = entry + 1;
      return;
    }
    this.#slots[slot] = entry + 1;
  }

  /** Only while entries are added: taken ones would come back. */
  #grow(): void {
    const keys = new Float64Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#next = new Int32Array(keys.length);
    this.#slots = new Int32Array(keys.length * 2);
    for (let entry = 0; entry < this.#size; entry++) this.#place(entry);
  }
}

/** Keys are hashes already; their low bits choose a slot. */
function slotOf(key: number, mask: number): number {
  return (key % 0x80000000) & mask;
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

/** What is decoded once and used again. */
export interface Costly<V> {
  /** Memory it takes, known before it is there. */
  readonly bytes: number;
  readonly load: () => Promise<V>;
}

/**
 * Values that take long to make, the last used ones of at most `bytes` together; one that is larger is kept alone. Values are made one after the other.
 * What could not be made is forgotten, and tried again when it is asked for again.
 */
export class RowGroupCache<K, V> {
  readonly #most: number;
  /** The one used last is the last of the map. */
  readonly #kept = new Map<K, { readonly value: Promise<V>; readonly bytes: number }>();
  #bytes = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(bytes: number) {
    this.#most = bytes;
  }

  get(key: K, { bytes, load }: Costly<V>): Promise<V> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept.value;
    }
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes + bytes <= this.#most) break;
      this.#forget(oldest);
    }
    const value = this.#turn.then(load);
    this.#turn = value.catch(() => { this.#forget(key); });
    this.#kept.set(key, { value, bytes });
    this.#bytes += bytes;
    return value;
  }

  /** Waits for what is being made and forgets everything. */
  async clear(): Promise<void> {
    await this.#turn;
    for (const key of [...this.#kept.keys()]) this.#forget(key);
  }

  #forget(key: K): void {
    this.#bytes -= this.#kept.get(key)?.bytes ?? 0;
    this.#kept.delete(key);
  }
}

/**
 * How much of a unit is scored. Reading and tokenizing run ahead of the model by many batches, and where a unit is small they are through with it before the first batch
 * is, so the share is of texts: characters whose tokens have their losses, of those the unit has. How many that are is known once it is read; until then it is estimated from
 * what its bytes have given so far.
 */
export class UnitProgress {
  /** Tokens that have their losses. */
  scored = 0;
  readonly #bytes: number;
  #limit: number | null = null;
  #read = 0;
  /** What the bytes before the last that were read have given: a reader takes more only when it has handed out all it has. */
  #emptied = { bytes: 0, characters: 0 };
  #items = 0;
  #characters = 0;
  #known = 0;
  #tokenized = { tokens: 0, characters: 0 };
  #ended = false;

  /** @param bytes of its input */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** No more than so many of its records are read. */
  limit(records: number): void {
    this.#limit = records;
  }

  read(bytes: number): void {
    this.#emptied = { bytes: this.#read, characters: this.#characters };
    this.#read += bytes;
  }

  /** A record came out of its input; one that is no document has no characters. */
  arrived(characters: number): void {
    this.#items++;
    this.#characters += characters;
  }

  /** The last record has come. */
  ended(): void {
    this.#ended = true;
  }

  /** A document needs no losses. */
  known(characters: number): void {
    this.#known += characters;
  }

  tokenized(tokens: number, characters: number): void {
    this.#tokenized.tokens += tokens;
    this.#tokenized.characters += characters;
  }

  /** 0 to 1. */
  get share(): number {
    const { tokens, characters } = this.#tokenized;
    const done = this.#known + (tokens === 0 ? 0 : (this.scored / tokens) * characters);
    return done === 0 ? 0 : Math.min(1, done / this.#total());
  }

  /** Characters it has; of plain text a byte is about one. */
  #total(): number {
    if (this.#ended) return this.#characters;
    if (this.#limit !== null) return (this.#characters / this.#items) * this.#limit;
    const { bytes, characters } = this.#emptied;
    return Math.max(this.#characters, this.#bytes * (characters === 0 ? 1 : characters / bytes));
  }
}

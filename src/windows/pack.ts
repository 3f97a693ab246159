import type { TokenizedDocument } from '../records.js';

export interface PackOptions {
  /** Tokens in every row. */
  readonly rowTokens: number;
  /** Id put after every document. */
  readonly separatorId: number;
  /** Hash of a row's token ids, for TokenizedDocument.hash. */
  readonly hashTokens: (tokenIds: Int32Array) => string;
}

/**
 * Packs documents, each followed by the separator, into rows of exactly `rowTokens` tokens: what a trainer that packs will
 * consume. Documents run on from row to row. The end of the last row is filled with separators that are not
 * scored, so no token of a document is dropped. A row is named after the document it begins in and the token of it that comes first; its source is that
 * of its documents, or "mixed". Separators cover 0 bytes of text.
 */
export async function* packRows(documents: AsyncIterable<TokenizedDocument>, options: PackOptions): AsyncGenerator<TokenizedDocument, void, undefined> {
  const row = new OpenRow(options);
  for await (const document of documents) {
    const tokens = document.tokenIds.length;
    // Position `tokens` stands for the separator.
    for (let from = 0; from <= tokens; ) {
      from = row.append(document, from);
      if (row.full) yield row.take();
    }
  }
  if (!row.empty) {
    yield row.take();
  }
}

class OpenRow {
  readonly #options: PackOptions;
  #tokenIds: Int32Array<ArrayBuffer>;
  #tokenBytes: Int32Array<ArrayBuffer>;
  #length = 0;
  #docStarts: number[] = [];
  #sources = new Set<string>();
  #id = '';
  #hasBytes = false;

  constructor(options: PackOptions) {
    this.#options = options;
    this.#tokenIds = new Int32Array(options.rowTokens);
    this.#tokenBytes = new Int32Array(options.rowTokens);
  }

  get full(): boolean {
    return this.#length === this.#options.rowTokens;
  }

  get empty(): boolean {
    return this.#length === 0;
  }

  /** Adds the document's tokens from `from` on, as many as fit, and the separator after the last; returns where to go on. */
  append(document: TokenizedDocument, from: number): number {
    if (this.empty) this.#id = `${document.id}@${from}`;
    if (from === 0) this.#docStarts.push(this.#length);
    this.#sources.add(document.source);
    this.#hasBytes = document.tokenBytes !== undefined;
    const tokens = document.tokenIds.length;
    const to = Math.min(tokens, from + this.#options.rowTokens - this.#length);
    this.#tokenIds.set(document.tokenIds.subarray(from, to), this.#length);
    if (document.tokenBytes !== undefined) this.#tokenBytes.set(document.tokenBytes.subarray(from, to), this.#length);
    this.#length += to - from;
    if (to < tokens || this.full) return to;
    this.#tokenIds[this.#length++] = this.#options.separatorId;
    return tokens + 1;
  }

  /** The row, filled up where it is not full, and a fresh start. */
  take(): TokenizedDocument {
    this.#tokenIds.fill(this.#options.separatorId, this.#length);
    const row: TokenizedDocument = {
      kind: 'tokenized',
      id: this.#id,
      source: this.#sources.size === 1 ? [...this.#sources][0]! : 'mixed',
      hash: this.#options.hashTokens(this.#tokenIds),
      tokenIds: this.#tokenIds,
      docStarts: Int32Array.from(this.#docStarts),
      ...(this.full ? {} : { fillFrom: this.#length }),
      ...(this.#hasBytes ? { tokenBytes: this.#tokenBytes } : {}),
    };
    this.#tokenIds = new Int32Array(this.#options.rowTokens);
    this.#tokenBytes = new Int32Array(this.#options.rowTokens);
    this.#length = 0;
    this.#docStarts = [];
    this.#sources = new Set<string>();
    return row;
  }
}

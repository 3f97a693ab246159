const LINE_FEED = 0x0a;

/** One line of a byte stream. */
export interface Line {
  /** Offset of its first byte in the stream. */
  readonly start: number;
  /** Bytes before its line feed. */
  readonly bytes: number;
  /** Those bytes, without a carriage return at the end; undefined for a line over the limit. Valid until the next chunk is pushed. */
  readonly content: Buffer | undefined;
}

export interface LineOptions {
  /** Offset of the first chunk in the stream. */
  readonly offset: number;
  /** Bytes of a line that are kept at most; a longer one is measured, not stored. */
  readonly maxLineBytes: number;
  /** The stream is entered in the middle of a line: drop everything up to the first line feed. */
  readonly skipFirst: boolean;
}

/** Cuts chunks into lines at each line feed. Holds at most one unfinished line of maxLineBytes. */
export class LineSplitter {
  private readonly maxLineBytes: number;
  /** Copies of the beginning of the unfinished line; empty once it is over the limit. */
  private parts: Buffer[] = [];
  private position: number;
  private lineStart: number;
  private skipping: boolean;

  constructor({ offset, maxLineBytes, skipFirst }: LineOptions) {
    this.maxLineBytes = maxLineBytes;
    this.position = offset;
    this.lineStart = offset;
    this.skipping = skipFirst;
  }

  /** Where the line begins that the next byte belongs to, or the earliest place where the next line can begin. */
  get nextStart(): number {
    return this.skipping ? this.position : this.lineStart;
  }

  /** The lines that end in this chunk. */
  *push(chunk: Buffer): Generator<Line, void, undefined> {
    let from = 0;
    for (let feed = chunk.indexOf(LINE_FEED); feed >= 0; feed = chunk.indexOf(LINE_FEED, from)) {
      const line = this.finish(chunk, from, feed);
      from = feed + 1;
      if (line !== undefined) yield line;
    }
    if (!this.skipping) this.keep(chunk.subarray(from), this.position - this.lineStart);
    this.position += chunk.length - from;
  }

  /** The last line, where the stream does not end in a line feed. */
  end(): Line | undefined {
    if (this.skipping || this.position === this.lineStart) return undefined;
    return this.line(this.position - this.lineStart, Buffer.concat(this.parts));
  }

  private finish(chunk: Buffer, from: number, feed: number): Line | undefined {
    const before = this.position - this.lineStart;
    const rest = chunk.subarray(from, feed);
    const content = before === 0 ? rest : before + rest.length > this.maxLineBytes ? undefined : Buffer.concat([...this.parts, rest]);
    const line = this.skipping ? undefined : this.line(before + rest.length, content);
    this.parts = [];
    this.position += rest.length + 1;
    this.lineStart = this.position;
    this.skipping = false;
    return line;
  }

  private line(bytes: number, content: Buffer | undefined): Line {
    if (bytes > this.maxLineBytes || content === undefined) return { start: this.lineStart, bytes, content: undefined };
    return { start: this.lineStart, bytes, content: content.at(-1) === 0x0d ? content.subarray(0, -1) : content };
  }

  /** Stores a copy of a piece of the unfinished line, of which `before` bytes have gone by. */
  private keep(piece: Buffer, before: number): void {
    if (before + piece.length > this.maxLineBytes) this.parts = [];
    else if (piece.length > 0) this.parts.push(Buffer.from(piece));
  }
}

/** Text as token ids. */
export interface EncodedText {
  /** (n_tokens); BOS and EOS are never added. */
  readonly ids: Int32Array<ArrayBuffer>;
  /** (n_tokens) UTF-8 bytes of the text each token covers, where asked for; they sum to the bytes of the text if it has a token at all. */
  readonly bytes?: Int32Array<ArrayBuffer>;
}

/** The package that does the work. 'native' is the reference implementation itself, 'javascript' runs where no binary of it loads. */
export interface LibraryInfo {
  readonly kind: 'native' | 'javascript';
  readonly name: string;
  readonly version: string;
}

/** Where the BOS or EOS id was found; the sources are asked in this order. */
export type SpecialTokenSource = 'tokenizer_config.json' | 'special_tokens_map.json' | 'config.json' | 'generation_config.json' | 'post-processor';

export interface TokenizerInfo {
  /** sha256 of the bytes of tokenizer.json, lower-case hex. */
  readonly hash: string;
  /** Different tokens, added ones included. */
  readonly vocabSize: number;
  /** Largest id, added tokens included; can exceed vocabSize - 1 where ids have gaps. */
  readonly maxId: number;
  readonly bosId: number | null;
  readonly bosSource: SpecialTokenSource | null;
  readonly eosId: number | null;
  readonly eosSource: SpecialTokenSource | null;
  /** Whether the tokenizer itself puts bosId first when it adds special tokens, which this program never lets it do. */
  readonly addsBos: boolean;
  /** Ids of the added tokens marked special, ascending. */
  readonly specialIds: readonly number[];
  readonly library: LibraryInfo;
  /** What a user should know: settings that were switched off, names that lead nowhere, why the fallback is in use. One sentence each. */
  readonly notes: readonly string[];
}

export interface EncodeOptions {
  /** Also count the bytes each token covers. */
  readonly bytes: boolean;
}

export interface Tokenizer {
  readonly info: TokenizerInfo;
  /**
   * One entry per text, in order, with the ids Python's `tokenizers` gives with add_special_tokens=False and no truncation or padding.
   * Lone surrogates count as U+FFFD. Time is n log n in the length of a text at worst; memory about 200 bytes a token while a text is
   * being encoded. Rejects with a TouchstoneError that names the text where the library refuses one.
   */
  encode(texts: readonly string[], options: EncodeOptions): Promise<EncodedText[]>;
  /** The text of the ids as the tokenizer's own decoder gives it, special tokens included. */
  decode(ids: Iterable<number>): Promise<string>;
  /** The entry of the vocabulary ("Ġthe", "▁the", "<0x0A>"), or null where no token has the id. */
  piece(id: number): string | null;
  /** What the token stands for in a text (" the", a newline); part of a character shows as U+FFFD. Null where no token has the id. */
  tokenText(id: number): string | null;
}

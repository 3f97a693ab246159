import { TouchstoneError } from '../../errors.js';

/**
 * How rows become sequences of T + 1 tokens: the first T are inputs, the last T their targets.
 *
 * `document`: rows are laid end to end, each as [prefix] tokens [separator], and the line is cut every T tokens. Neighbouring sequences share one token, the last
 * target of one and the first input of the next, so that every token is a target exactly once (T tokens with T - 1 targets would train on
 * one token in T never). The stream does not stop at the end of an epoch.
 *
 * `packed`: every row is one sequence, [prefix] tokens, as the reference model saw it.
 *
 * The prefix is context and no target. The separator is a target with no reference loss: plain training learns to end a document, selection never
 * sees it. Where both are the same token (EOS as BOS) it stands once between two documents and is the separator: a target.
 */
export interface SequenceFormat {
  readonly layout: 'document' | 'packed';
  /** T. Of a packed set the reference model's context length less one: its last token is a target only. */
  readonly length: number;
  /** Put before every row; null = nothing. */
  readonly prefixId: number | null;
  readonly separatorId: number;
}

/** What stands before a document in training; the names of windows.bos. */
export type BosPolicy = 'none' | 'bos' | 'eos-as-bos';

/** The ids a tokenizer has for these roles. */
export interface SpecialIds {
  readonly bosId: number | null;
  readonly eosId: number | null;
}

/** The format of documents. Throws a usage error where the tokenizer lacks a token that the format needs. */
export function documentFormat(length: number, bos: BosPolicy, { bosId, eosId }: SpecialIds): SequenceFormat {
  if (!Number.isSafeInteger(length) || length < 1) throw new TouchstoneError('usage', `the sequence length must be a whole number from 1, got ${length}`);
  if (eosId === null) {
    throw new TouchstoneError('usage', 'documents are separated by EOS in training, and the tokenizer names no EOS token', {
      advice: 'Name eos_token in tokenizer_config.json.',
    });
  }
  if (bos === 'bos' && bosId === null) {
    throw new TouchstoneError('usage', 'the BOS policy is "bos", and the tokenizer names no BOS token', { advice: 'Use "none" or "eos-as-bos".' });
  }
  return { layout: 'document', length, prefixId: { none: null, bos: bosId, 'eos-as-bos': eosId }[bos], separatorId: eosId };
}

/** Tokens a row has in the stream, prefix and separator included; 0 for an empty row, which is not there at all. */
export function laidOutLength(tokens: number, { layout, prefixId, separatorId }: SequenceFormat): number {
  if (tokens === 0) return 0;
  return tokens + (prefixId === null ? 0 : 1) + (layout === 'document' && prefixId !== separatorId ? 1 : 0);
}

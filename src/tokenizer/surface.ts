import { byteOfFallback, bytesOfPiece } from './byte-alphabet.js';
import { patternOf, type Component, type TokenizerDefinition } from './definition.js';
import type { NormalForm } from './normal-form.js';

/** How vocabulary entries spell text: as bytes in 256 characters, with "▁" for a space, or as it is. */
export type Spelling = 'byte-level' | 'metaspace' | 'literal';

/** How a tokenizer begins a stretch of text: not at all, with a space in any case, or with a space where the text has none. */
export type PrefixSpace = 'none' | 'always' | 'unless-there';

/** What every token stands for in a text, as one table of bytes. */
export interface Surfaces {
  readonly spelling: Spelling;
  readonly prefixSpace: PrefixSpace;
  /** The form texts are brought to before they are looked at. */
  readonly normalForm: NormalForm | null;
  /** (maxId + 2) token id covers bytes[starts[id] .. starts[id + 1]). */
  readonly starts: Int32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** (maxId + 1) 1 for added tokens behind which a new stretch begins. */
  readonly cutsText: Uint8Array<ArrayBuffer>;
}

/** Stands in a surface for a "▁" of the vocabulary, which is a space of the text, or a "▁" of it. Never a byte of UTF-8. */
export const SPACE_MARK = 0xff;
/** Stands for the byte fallback of 0xFF, which no text has either. */
const NO_BYTE = 0xfe;

const METASPACE = '▁';
const encoder = new TextEncoder();

/** The table for all ids up to maxId; ids without a token have no bytes. */
export function surfacesOf(definition: TokenizerDefinition, maxId: number): Surfaces {
  const spelling = spellingOf(definition);
  const byId: (Uint8Array | undefined)[] = new Array<undefined>(maxId + 1);
  const cutsText = new Uint8Array(maxId + 1);
  const hasByteFallback = definition.model['byte_fallback'] === true;
  const trim = affixTrimmer(definition.model);
  const prefixSpace = prefixSpaceOf(definition);
  for (const [piece, id] of definition.vocab) {
    const byte = hasByteFallback ? byteOfFallback(piece) : -1;
    byId[id] = byte >= 0 ? Uint8Array.of(byte === SPACE_MARK ? NO_BYTE : byte) : spelt(trim(piece), spelling);
  }
  for (const { id, content, normalized } of definition.added) {
    if (definition.vocab.get(content) === id && hasByteFallback && byteOfFallback(content) >= 0) continue;
    byId[id] = spelt(content, spelling === 'byte-level' ? 'literal' : spelling);
    // A prefix space added by the normalizer comes before normalized tokens are cut out, one added afterwards comes behind them as well.
    if (!normalized || prefixSpace === 'unless-there') cutsText[id] = 1;
  }
  const starts = new Int32Array(maxId + 2);
  for (let id = 0; id <= maxId; id++) starts[id + 1] = starts[id]! + (byId[id]?.length ?? 0);
  const bytes = new Uint8Array(starts[maxId + 1]!);
  for (const [id, surface] of byId.entries()) if (surface !== undefined) bytes.set(surface, starts[id]);
  return { spelling, prefixSpace, normalForm: normalFormOf(definition), starts, bytes, cutsText };
}

/** The surface of one token as a string. */
export function surfaceText(surfaces: Surfaces, id: number): string {
  const bytes = surfaces.bytes.slice(surfaces.starts[id], surfaces.starts[id + 1]);
  if (surfaces.spelling === 'metaspace') for (const [i, byte] of bytes.entries()) if (byte === SPACE_MARK) bytes[i] = 0x20;
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

function spellingOf({ normalizers, preTokenizers, decoders }: TokenizerDefinition): Spelling {
  if ([...preTokenizers, ...decoders].some((step) => step.type === 'ByteLevel')) return 'byte-level';
  const isMetaspace = (step: Component): boolean =>
    step.type === 'Metaspace' || (step.type === 'Replace' && step['content'] === METASPACE) || (step.type === 'Prepend' && step['prepend'] === METASPACE);
  return [...normalizers, ...preTokenizers, ...decoders].some(isMetaspace) ? 'metaspace' : 'literal';
}

function prefixSpaceOf({ normalizers, preTokenizers }: TokenizerDefinition): PrefixSpace {
  if (normalizers.some((step) => step.type === 'Prepend' && step['prepend'] === METASPACE)) return 'always';
  const adds = (step: Component): boolean =>
    (step.type === 'ByteLevel' && step['add_prefix_space'] === true) ||
    (step.type === 'Metaspace' && (step['prepend_scheme'] ?? 'always') !== 'never' && step['add_prefix_space'] !== false);
  return preTokenizers.some(adds) ? 'unless-there' : 'none';
}

function normalFormOf({ normalizers }: TokenizerDefinition): NormalForm | null {
  const form = normalizers.find(({ type }) => type === 'NFC' || type === 'NFD' || type === 'NFKC' || type === 'NFKD');
  return form === undefined ? null : (form.type as NormalForm);
}

function spelt(piece: string, spelling: Spelling): Uint8Array {
  if (spelling === 'byte-level') return bytesOfPiece(piece) ?? encoder.encode(piece);
  if (spelling === 'literal' || !piece.includes(METASPACE)) return encoder.encode(piece);
  const parts = piece.split(METASPACE).map((part) => encoder.encode(part));
  const surface = new Uint8Array(parts.reduce((sum, part) => sum + part.length + 1, -1)).fill(SPACE_MARK);
  let at = 0;
  for (const part of parts) {
    surface.set(part, at);
    at += part.length + 1;
  }
  return surface;
}

/** Takes off what a vocabulary adds to pieces inside ("##ing") or at the end ("ing</w>") of a word. */
function affixTrimmer(model: Component): (piece: string) => string {
  const prefix = typeof model['continuing_subword_prefix'] === 'string' ? model['continuing_subword_prefix'] : '';
  const suffix = typeof model['end_of_word_suffix'] === 'string' ? model['end_of_word_suffix'] : '';
  if (prefix === '' && suffix === '') return (piece) => piece;
  return (piece) => {
    const from = prefix !== '' && piece.startsWith(prefix) ? prefix.length : 0;
    return piece.slice(from, suffix !== '' && piece.endsWith(suffix) ? -suffix.length : undefined);
  };
}

/** Whether a Replace step turns spaces into the vocabulary's "▁". */
export function marksSpaces(step: Component): boolean {
  const pattern = patternOf(step);
  return step.type === 'Replace' && pattern?.kind === 'String' && pattern.source === ' ' && step['content'] === METASPACE;
}

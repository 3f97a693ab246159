import { escaped } from '../../charts/markup.js';

/** Characters that cannot be seen, or that change how others are laid out, by the abbreviation the Unicode charts give them. */
const NAMES = new Map<number, string>([
  ...'NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(' ').entries(),
  [0x7f, 'DEL'], [0x85, 'NEL'], [0xa0, 'NBSP'], [0xad, 'SHY'], [0x34f, 'CGJ'], [0x61c, 'ALM'], [0x180e, 'MVS'],
  [0x200b, 'ZWSP'], [0x200c, 'ZWNJ'], [0x200d, 'ZWJ'], [0x200e, 'LRM'], [0x200f, 'RLM'], [0x2028, 'LS'], [0x2029, 'PS'],
  [0x202a, 'LRE'], [0x202b, 'RLE'], [0x202c, 'PDF'], [0x202d, 'LRO'], [0x202e, 'RLO'], [0x202f, 'NNBSP'], [0x2060, 'WJ'],
  [0x2066, 'LRI'], [0x2067, 'RLI'], [0x2068, 'FSI'], [0x2069, 'PDI'], [0x3000, 'IDSP'], [0xfeff, 'BOM'],
]);

/**
 * Controls, format characters (the bidirectional ones among them), all white space, lone surrogates, private use and noncharacters. What is left out
 * on purpose are unassigned characters: which they are depends on the Unicode version of the program.
 */
const SPECIAL = /[\p{Cc}\p{Cf}\p{Z}\p{Cs}\p{Co}\p{Noncharacter_Code_Point}\u034f]/u;

/**
 * Markup that shows every character of a text. Spaces, tabs and line feeds stay what they are inside an <i>, on which the style sheet draws their marks;
 * any other invisible character is replaced by its name in a <b>, so that none has an effect on the page.
 */
export function visibleText(text: string): string {
  let markup = '';
  let plain = '';
  let spaces = '';
  for (const character of text) {
    if (character !== ' ' && spaces !== '') {
      markup += `<i>${spaces}</i>`;
      spaces = '';
    }
    if (!SPECIAL.test(character)) {
      plain += character;
      continue;
    }
    markup += escaped(plain);
    plain = '';
    if (character === ' ') spaces += character;
    else markup += mark(character);
  }
  return markup + escaped(plain) + (spaces === '' ? '' : `<i>${spaces}</i>`);
}

/** Code points shown of a name in a table; audit.json has more of it. */
const NAME_SHOWN = 80;

/** An id, a source or a file as `visibleText`, its end left out where it is long. */
export function nameText(name: string): string {
  const characters = Array.from(name);
  return characters.length <= NAME_SHOWN ? visibleText(name) : `${visibleText(characters.slice(0, NAME_SHOWN).join(''))}…`;
}

function mark(character: string): string {
  if (character === '\t') return '<i class="tab">\t</i>';
  if (character === '\n') return '<i class="lf">\n</i>';
  return `<b>${nameOf(character)}</b>`;
}

/** Digits of a hash, enough to tell it from another at a glance; provenance has it whole. */
const HASH_DIGITS = 12;

export function shortHash(hash: string): string {
  return `<code>${escaped(plainText(hash.slice(0, HASH_DIGITS)))}</code>`;
}

/** A text in which every sha256 is cut likewise. */
export function withShortHashes(text: string): string {
  return text.replace(/\b[0-9a-f]{64}\b/g, (hash) => hash.slice(0, HASH_DIGITS));
}

/** Text as it is without markup, for attributes and one-line excerpts: names stand in brackets, white space becomes single spaces. */
export function plainText(text: string): string {
  return Array.from(text.replace(/[ \t\n\r]+/g, ' '), (character) => (character !== ' ' && SPECIAL.test(character) ? `[${nameOf(character)}]` : character)).join('');
}

function nameOf(character: string): string {
  const code = character.codePointAt(0)!;
  return NAMES.get(code) ?? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

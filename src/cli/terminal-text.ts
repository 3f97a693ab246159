/** Foreign text made safe for a terminal: control, format and unassigned characters as escapes, so that none can move the cursor or hide text. */
export function terminalText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** The same on one line, cut after `most` characters. */
export function oneLine(text: string, most: number): string {
  const characters = Array.from(terminalText(text.replace(/\s+/g, ' '))); // by code point, so that none is cut in two
  return characters.length > most ? `${characters.slice(0, most).join('')}…` : characters.join('');
}

/** Text as it may stand in HTML or SVG, between tags and in quoted attributes. Characters that no document may hold become U+FFFD. */
export function escaped(text: string): string {
  return text
    .toWellFormed()
    // eslint-disable-next-line no-control-regex -- these are the ones that are replaced
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

import { describe, expect, it } from 'vitest';

import { plainText, visibleText } from '../../../src/audit/report/visible-text.js';

describe('corpus text in the report', () => {
  it('keeps spaces, tabs and line feeds and gives each a mark', () => {
    expect(visibleText(' a  b\tc\n')).toBe('<i> </i>a<i>  </i>b<i class="tab">\t</i>c<i class="lf">\n</i>');
    expect(visibleText('   ')).toBe('<i>   </i>');
    expect(visibleText('')).toBe('');
  });

  it('that looks like markup is text', () => {
    expect(visibleText('</script><img src=x onerror="alert(1)">&amp;')).toBe('&lt;/script&gt;&lt;img<i> </i>src=x<i> </i>onerror=&quot;alert(1)&quot;&gt;&amp;amp;');
    expect(visibleText("'")).toBe('&#39;');
  });

  it('shows bidirectional controls by name and lets none of them act on the page', () => {
    const controls = '\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c';
    const markup = visibleText(`a${controls}b`);
    expect(markup).toBe('a<b>LRE</b><b>RLE</b><b>PDF</b><b>LRO</b><b>RLO</b><b>LRI</b><b>RLI</b><b>FSI</b><b>PDI</b><b>LRM</b><b>RLM</b><b>ALM</b>b');
    expect(plainText('a\u202eb')).toBe('a[RLO]b');
  });

  it('shows what cannot be seen: NUL and other controls, zero-width and other spaces, private use, noncharacters', () => {
    expect(visibleText('\u0000\u001b\r\u007f\u0085')).toBe('<b>NUL</b><b>ESC</b><b>CR</b><b>DEL</b><b>NEL</b>');
    expect(visibleText('\u200b\ufeff\u00a0\u3000\u2028\u00ad')).toBe('<b>ZWSP</b><b>BOM</b><b>NBSP</b><b>IDSP</b><b>LS</b><b>SHY</b>');
    expect(visibleText('\ue000\uffff\u{10ffff}\u{e0041}')).toBe('<b>U+E000</b><b>U+FFFF</b><b>U+10FFFF</b><b>U+E0041</b>');
  });

  it('shows lone surrogates by their number and leaves pairs alone', () => {
    expect(visibleText('\ud800x\udc00')).toBe('<b>U+D800</b>x<b>U+DC00</b>');
    expect(visibleText('😀é漢字עברית')).toBe('😀é漢字עברית');
  });

  it('for one line is made of single spaces', () => {
    expect(plainText('a\n\n  b\tc\r\nd')).toBe('a b c d');
    expect(plainText('\u0000\ud800')).toBe('[NUL][U+D800]');
  });

  it('always is text that a UTF-8 file can hold', () => {
    const everything = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).join('x');
    const markup = visibleText(everything);
    expect(markup.isWellFormed()).toBe(true);
    // eslint-disable-next-line no-control-regex -- these must not be there
    expect(markup).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
  });
});

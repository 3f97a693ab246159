import { describe, expect, it } from 'vitest';

import { heatmap } from '../../../src/audit/report/heatmap.js';
import { sampledDocument, strip } from './sample-document.js';

const of = (...given: Parameters<typeof strip>): string => heatmap(sampledDocument('doc', strip(...given)));
const tokens = (html: string): string[] => [...html.matchAll(/<span .*?<\/span>/gs)].map(([whole]) => whole);

describe('a token heatmap', () => {
  it('gives each token the colour of its loss, and its exact values to the script', () => {
    expect(tokens(of(['A', ' tank'], { ids: [7, 912], losses: [0.1, 5.25], entropies: [2.5, 3] }))).toEqual([
      '<span class="h0" data-i="7" data-l="0.1" data-e="2.5">A</span>',
      '<span class="h9" data-i="912" data-l="5.25" data-e="3"><i> </i>tank</span>',
    ]);
  });

  it('shows tokens without a loss as such, whatever their colour would be', () => {
    expect(tokens(of(['A'], { losses: [null], entropies: null }))).toEqual(['<span class="un" data-i="100">A</span>']);
  });

  it('marks special tokens, parts of characters, cut pieces and where windows and documents begin', () => {
    const [special, part, cut, window, document] = tokens(of(['<s>', '', 'long', 'a', 'b'], { losses: [1, 1, 1, 1, 1], special: [0], partial: [1], cutPieces: [2], windowStarts: [3], documentStarts: [4], entropies: null }));
    expect(special).toContain('class="h5 sp"');
    expect(special).toContain('>&lt;s&gt;<');
    expect(part).toContain('class="h5 pt" data-i="101" data-l="1"><b>⋯</b>');
    expect(cut).toContain('class="h5 ct"');
    expect(window).toContain('class="h5 st" data-i="103" data-l="1" data-b="window 2"');
    expect(document).toContain('data-b="document"');
  });

  it('with excess losses has the classes of both scales, and shows what a selection keeps', () => {
    const [kept, dropped, unmatched] = tokens(of(['a', 'b', 'c'], { losses: [1, 1, 1], entropies: null, excess: [2, -0.6, null], kept: [1, 0, 0] }));
    expect(kept).toContain('class="h5 x11 kp" data-i="100" data-l="1" data-x="2"');
    expect(dropped).toContain('class="h5 x3" data-i="101" data-l="1" data-x="-0.6"');
    expect(unmatched).toContain('class="h5 ux"');
  });

  it('says how many tokens it does not show', () => {
    const document = sampledDocument('doc', strip(['a', 'b']), { tokens: 1301 });
    expect(heatmap(document)).toContain('1,299 more tokens of 1,301 are not shown.');
    expect(of(['a', 'b'])).not.toContain('not shown');
  });

  it('is cut where its markup grows past its share of the report, and says so', () => {
    const pieces = Array.from({ length: 512 }, () => '\ue000'.repeat(64));
    const html = of(pieces);
    expect(Buffer.byteLength(html)).toBeLessThan(95_000);
    expect(html).toMatch(/\d+ more tokens of 512 are not shown/);
  });
});

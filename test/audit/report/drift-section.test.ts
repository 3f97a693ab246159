import { describe, expect, it } from 'vitest';

import { driftSection } from '../../../src/audit/report/drift-section.js';
import { sampleDrift, sampleReport } from './sample-report.js';

const page = (given: Parameters<typeof sampleDrift>[0]): string => driftSection(sampleReport({ drift: sampleDrift(given) })).body;
/** The text of each row of the table of distances. */
const rows = (body: string): string[] => [...body.split('tokens now')[1]!.split('</table>')[0]!.matchAll(/<tr>(.*?)<\/tr>/g)].map((match) => match[1]!.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').trim());

describe('drift in the report', () => {
  it('begins with what was measured differently', () => {
    const body = page({ changes: [{ key: 'model.hash', level: 'alarm', what: 'the model', earlier: 'aaaa', now: 'bbbb' }] });
    expect(body.indexOf('the model')).toBeGreaterThan(0);
    expect(body.indexOf('the model')).toBeLessThan(body.indexOf('Wasserstein'));
    expect(body).toContain('aaaa');
    expect(page({})).toContain('Same measure');
  });

  it('lists the whole, then the sources, those that moved most first, each with its level as a word', () => {
    expect(rows(page({})).map((row) => row.split(' ').slice(0, 4).join(' '))).toEqual(['all sources ▲ watch', 'markup ■ alarm 0.610', 'web ▲ watch 0.140', 'textbook ● ok 0.004', 'forum ○ too few']);
  });

  it('sets off the distance that reached a limit, and no other', () => {
    const body = page({});
    expect(body).toContain('<strong class="level alarm">0.610</strong>');
    expect(body).toContain('<strong class="level watch">0.140</strong>');
    expect(body).toContain('<td class="number">0.004</td>');
  });

  it('sets off no distance of too few tokens', () => {
    const { bySource } = sampleDrift();
    expect(page({ bySource: bySource.map((source) => ({ ...source, level: 'too-few' as const, psi: 3, wasserstein: 3 })) })).toContain('<td class="number">3.000</td>');
  });

  it('shows twelve digits of a hash', () => {
    const body = page({ changes: [{ key: 'model.hash', level: 'alarm', what: 'the model', earlier: 'a'.repeat(64), now: 'b'.repeat(64) }] });
    expect(body).toContain(`<code>${'a'.repeat(12)}</code>`);
    expect(body).not.toContain('b'.repeat(13));
  });

  it('calls sources new or gone that only one run has', () => {
    const [first, second, ...rest] = sampleDrift().bySource;
    const none = { tokens: 0, scored: 0, mean: null, percentiles: null, bins: first!.now.bins.map(() => 0) };
    const body = page({ bySource: [{ ...first!, level: 'too-few', psi: null, wasserstein: null, earlier: none }, { ...second!, level: 'too-few', psi: null, wasserstein: null, now: none }, ...rest] });
    expect(rows(body).some((row) => row.startsWith('textbook ○ new –'))).toBe(true);
    expect(rows(body).some((row) => row.startsWith('web ○ gone –'))).toBe(true);
  });

  it('says that another tokenizer leaves no documents to pair', () => {
    expect(page({ paired: null })).toContain('losses of different tokens do not pair');
    expect(page({})).toContain('4,690 (99.8\u00a0%)');
  });

  it('without an earlier run says how to name one', () => {
    expect(driftSection(sampleReport()).body).toContain('--compare');
  });
});

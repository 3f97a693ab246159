import { describe, expect, it } from 'vitest';

import type { AuditReport } from '../../../src/audit/report-data.js';
import { verdicts, type Verdict } from '../../../src/audit/report/verdicts.js';
import { sampleDrift, sampleReport } from './sample-report.js';

const { completeness, distribution, checks } = sampleReport();
const answerTo = (question: RegExp, given: Partial<AuditReport>): Verdict => verdicts(sampleReport(given)).find((verdict) => question.test(verdict.question))!;

describe('the answers at the top of the report', () => {
  it('are four, in the order in which they are asked', () => {
    expect(verdicts(sampleReport()).map(({ question }) => question)).toEqual([
      'Is the run complete?', 'Did it pass its thresholds?', 'Does it differ from the earlier run?', 'Which source is the noisiest?',
    ]);
  });

  it('say whether the run is complete', () => {
    const complete = (given: Partial<typeof completeness>): Verdict => answerTo(/complete/, { completeness: { ...completeness, ...given } });
    expect(complete({})).toMatchObject({ level: 'ok', answer: 'Complete', detail: 'All 4 units. 5,003 documents read, 5,000 scored. 2 quarantined, 1 skipped.' });
    expect(complete({ problems: [{ level: 'watch', message: 'an id repeats' }] })).toMatchObject({ level: 'watch', answer: 'Complete, with warnings' });
    expect(complete({ state: 'unfinished', units: { planned: 4, committed: 3, audited: 3, missing: [2] } })).toMatchObject({ level: 'alarm', answer: 'Unfinished', detail: '3 of 4 units committed. 5,003 documents read, 5,000 scored.' });
    expect(complete({ state: 'damaged', problemCount: 1, problems: [{ level: 'alarm', message: 'sha256 differs' }] })).toMatchObject({ level: 'alarm', answer: 'Damaged', detail: '1 fault, listed above. 5,003 documents read, 5,000 scored.' });
    expect(complete({ state: 'unfinished' }).detail).toContain('the manifest was never written; touchstone finalize writes it');
  });

  it('name the conditions that came true', () => {
    expect(answerTo(/thresholds/, {})).toMatchObject({ level: 'alarm', answer: '1 of 2 failed', detail: 'quarantined>0.01%' });
    expect(answerTo(/thresholds/, { checks: checks.map((check) => ({ ...check, failed: false })) })).toMatchObject({ level: 'ok', answer: 'Passed' });
    expect(answerTo(/thresholds/, { checks: [] })).toMatchObject({ level: 'none', answer: 'None were set' });
  });

  it('say whether the run differs from the earlier one, and where', () => {
    expect(answerTo(/differ/, { drift: sampleDrift() })).toMatchObject({ level: 'alarm', answer: 'Yes, it drifted' });
    expect(answerTo(/differ/, { drift: sampleDrift() }).detail).toContain('Moved most: markup, web.');
    const quiet = sampleDrift().bySource.map((source) => ({ ...source, level: 'ok' as const }));
    expect(answerTo(/differ/, { drift: sampleDrift({ level: 'ok', bySource: quiet }) })).toMatchObject({ level: 'ok', answer: 'No' });
    expect(answerTo(/differ/, { drift: sampleDrift({ level: 'too-few' }) })).toMatchObject({ level: 'none', answer: 'Too few tokens to tell' });
    expect(answerTo(/differ/, { drift: null })).toMatchObject({ level: 'none', answer: 'Not compared' });
  });

  it('put another model before any distance: the numbers no longer measure the same', () => {
    const changed = sampleDrift({ level: 'ok', changes: [{ key: 'model.hash', level: 'alarm', what: 'the model', earlier: 'a', now: 'b' }] });
    expect(answerTo(/differ/, { drift: changed })).toMatchObject({ level: 'alarm', answer: 'Not the same measure' });
    expect(answerTo(/differ/, { drift: changed }).detail).toMatch(/^The model changed\. Mean [\d.]+ nats before, [\d.]+ now; PSI 0\.131, Wasserstein 0\.210 nats\.$/);
  });

  it('name the source with the highest mean loss, of those with enough tokens to have one', () => {
    expect(answerTo(/noisiest/, {})).toMatchObject({ answer: 'markup' });
    const [first] = distribution.bySource;
    const tiny = { ...first!, source: 'tiny', scored: 10, mean: 20 };
    const rest = { ...first!, source: '(all other sources)', others: true, scored: 1e6, mean: 20 };
    expect(answerTo(/noisiest/, { distribution: { ...distribution, bySource: [...distribution.bySource, tiny, rest] } })).toMatchObject({ answer: 'markup' });
    expect(answerTo(/noisiest/, { distribution: { ...distribution, bySource: [tiny] } })).toMatchObject({ answer: 'Too few tokens to tell' });
    expect(answerTo(/noisiest/, { distribution: { ...distribution, bySource: [first!], sources: { count: 1, inOthers: 0 } } }).detail).toMatch(/^The only source/);
  });
});

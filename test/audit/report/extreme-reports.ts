import type { AuditReport } from '../../../src/audit/report-data.js';
import { LISTED_SOURCES, type SourceStats } from '../../../src/audit/report-data/distribution.js';
import { NAME_CHARACTERS, PIECE_CHARACTERS, SAMPLED_DOCUMENTS, SHOWN_CHARACTERS, SHOWN_TOKENS, type SampledDocument } from '../../../src/audit/report-data/documents.js';
import { LARGEST_DELTAS } from '../../../src/audit/report-data/drift.js';
import { EXAMPLES, type DynamicsExample } from '../../../src/audit/report-data/dynamics.js';
import { LISTED_FILES } from '../../../src/audit/report-data/identity.js';
import { QUARANTINE_EXAMPLES, QUARANTINE_FILES } from '../../../src/audit/report-data/quarantine.js';
import { sampledDocument, strip } from './sample-document.js';
import { sampleDrift, sampleDynamics, sampleExcess, sampleIdentity, sampleReport } from './sample-report.js';

/** What a corpus may hold to take a page over. */
export const HOSTILE = [
  '</script><script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '" onmouseover="alert(1)',
  "' onmouseover='alert(1)",
  '</style></title></textarea>-->]]>',
  '&lt;b&gt; &amp; &#0;',
  '\u202eevil\u202c\u2066\u2067',
  '\u0000\u0001\u001b[31m\u007f\u0085',
  'lone \ud800 and \udfff',
  '\ufeff\u200b\u200d\u00ad\u2028',
  'עברית العربية 漢字 👩‍👩‍👧',
  'Z̴̧͓̹̈́͊a̷͖̚l̶̮͑g̸̱͝o̵͇̕',
];

/** Hostile text in every place a corpus, a file name or a setting can reach. */
export function hostileReport(): AuditReport {
  const report = sampleReport();
  const all = HOSTILE.join(' ');
  const document = (at: number): SampledDocument => ({ ...sampledDocument(all, strip(HOSTILE, { special: [1], partial: [2], windowStarts: [3], documentStarts: [4], cutPieces: [5] })), source: HOSTILE[at]!, docHash: all });
  const sources: SourceStats[] = report.distribution.bySource.map((row, at) => ({ ...row, source: HOSTILE[at]! }));
  const identity = sampleIdentity({
    run: all,
    corpus: { ...report.identity.corpus, textField: HOSTILE, listed: HOSTILE.map((path) => ({ path, bytes: 1, sha256: all, format: all })) },
    model: { ...report.identity.model, modelType: all, location: all },
  });
  const drift = sampleDrift();
  return sampleReport({
    identity,
    completeness: { ...report.completeness, state: 'damaged', problems: [{ level: 'alarm', message: all }], duplicateIds: { count: 3, examples: HOSTILE } },
    distribution: { ...report.distribution, bySource: sources },
    documents: { ...report.documents, noisiest: [document(0)], quietest: [document(1)], random: [document(2)], seed: all },
    drift: {
      ...drift,
      earlier: identity,
      bySource: drift.bySource.map((row, at) => ({ ...row, source: HOSTILE[at]! })),
      changes: [{ key: 'model.hash', level: 'alarm', what: 'the model', earlier: all, now: all }],
      newSources: { count: 20, names: HOSTILE },
      paired: { ...drift.paired!, largest: [{ id: all, source: all, tokens: 3, earlier: 1, now: 2 }] },
    },
    quarantine: {
      ...report.quarantine,
      reasons: report.quarantine.reasons.map((reason) => ({ ...reason, examples: HOSTILE.map((text) => ({ file: text, position: 1, positionKind: 'byte', id: text, detail: text })) })),
      files: HOSTILE.map((file) => ({ file, count: 1 })),
    },
    dynamics: { ...sampleDynamics(), categories: sampleDynamics().categories.map((category) => ({ ...category, examples: [{ id: all, source: all, position: 1, before: all, token: all, after: all, losses: [1, 2, 3] }] })) },
    excess: { ...sampleExcess(), live: identity, selections: [{ ...sampleExcess().selections[0]!, bySource: [{ source: all, candidates: 2, kept: 1 }] }] },
    checks: [{ condition: all, metric: 'nonfinite', operator: '>', limit: 0, asShare: false, value: 1, failed: true }],
    notes: HOSTILE,
  });
}

/** Every list at its limit, every text at its length, of the characters whose markup is longest. */
export function largestReport(): AuditReport {
  const report = sampleReport();
  const name = '\ue000'.repeat(NAME_CHARACTERS);
  const pieces = Array.from({ length: SHOWN_TOKENS }, (_, at) => '\n\ue000'.repeat(PIECE_CHARACTERS / 2).slice(0, at < SHOWN_CHARACTERS / PIECE_CHARACTERS ? PIECE_CHARACTERS : 0));
  const indices = Array.from(pieces.keys());
  const text = strip(pieces, { special: indices, partial: indices, windowStarts: indices, cutPieces: indices, excess: pieces.map(() => -12.3456), kept: pieces.map(() => 1), losses: pieces.map(() => 12.3456), entropies: pieces.map(() => 12.3456), ids: pieces.map(() => 123_456) });
  const documents = Array.from({ length: SAMPLED_DOCUMENTS }, () => sampledDocument(name, text, { source: name }));
  const source = (row: number): SourceStats => ({ ...report.distribution.bySource[0]!, source: `${row}${name}`.slice(0, NAME_CHARACTERS) });
  const sources = Array.from({ length: LISTED_SOURCES }, (_, row) => source(row));
  const drift = sampleDrift();
  const excess = sampleExcess();
  const dynamics = sampleDynamics();
  const example: DynamicsExample = { id: name, source: name, position: 1, before: name, token: name.slice(0, PIECE_CHARACTERS), after: name, losses: [1, 2, 3] };
  const listed = Array.from({ length: LISTED_FILES }, () => ({ path: name, bytes: 1, sha256: 'f'.repeat(64), format: 'jsonl.zst' }));
  return sampleReport({
    identity: sampleIdentity({ run: name, corpus: { ...report.identity.corpus, listed } }),
    documents: { ...report.documents, noisiest: documents, quietest: documents, random: documents },
    distribution: { ...report.distribution, bySource: sources },
    drift: {
      ...drift,
      bySource: [...sources, ...sources].map((row) => ({ ...drift.bySource[0]!, source: row.source })),
      newSources: { count: 99, names: sources.map((row) => row.source) },
      removedSources: { count: 99, names: sources.map((row) => row.source) },
      paired: { ...drift.paired!, largest: Array.from({ length: LARGEST_DELTAS }, () => ({ id: name, source: name, tokens: 3, earlier: 1, now: 2 })) },
    },
    excess: { ...excess, selections: Array.from({ length: 4 }, () => ({ ...excess.selections[0]!, bySource: sources.map((row) => ({ source: row.source, candidates: 2, kept: 1 })) })) },
    dynamics: { ...dynamics, categories: dynamics.categories.map((category) => ({ ...category, examples: Array.from({ length: EXAMPLES }, () => example) })) },
    quarantine: {
      ...report.quarantine,
      reasons: Array.from({ length: 11 }, () => ({ ...report.quarantine.reasons[0]!, examples: Array.from({ length: QUARANTINE_EXAMPLES }, () => ({ file: name, position: 1, positionKind: 'byte' as const, id: name, detail: '\ue000'.repeat(300) })) })),
      files: Array.from({ length: QUARANTINE_FILES }, () => ({ file: name, count: 1 })),
    },
  });
}

import { escaped } from '../../charts/markup.js';
import { deviceText } from '../../run/device-record.js';
import type { AuditReport, Completeness, RunIdentity } from '../report-data.js';
import { bytesText, countText, durationText, percentText } from './number-text.js';
import { counted, levelMark, type Section } from './section.js';
import { facts } from './table.js';
import { plainText, shortHash } from './visible-text.js';

/** What was measured with what, and whether all of it is there. */
export function runSection({ identity, completeness, notes }: AuditReport): Section {
  const noteList = notes.length === 0 ? '' : `<h3>Notes</h3><ul class="notes">${notes.map((note) => `<li>${escaped(plainText(note))}</li>`).join('')}</ul>`;
  return {
    id: 'run',
    title: 'Run',
    body: `${accounting(completeness)}
${facts([...completenessFacts(completeness), ...identityFacts(identity), ...workFacts(completeness)])}
${noteList}`,
  };
}

/** read = scored + quarantined + skipped, and whether it holds. */
function accounting({ documents, balanced, state }: Completeness): string {
  const term = (count: number, name: string): string => `<span class="term"><b>${countText(count)}</b> ${name}</span>`;
  const sign = (text: string): string => `<span class="sign">${text}</span>`;
  const { read, scored, quarantined, skipped } = documents;
  return `<p class="equation">${term(read, read === 1 ? 'document read' : 'documents read')} ${sign(balanced ? '=' : '≠')} ${term(scored, 'scored')} ${sign('+')} ${term(quarantined, 'quarantined')} ${sign('+')} ${term(skipped, 'skipped')} ${balanced ? levelMark('ok', 'adds up') : levelMark('alarm', 'does not add up')}${state === 'complete' ? '' : ' <span>by the records of the units</span>'}</p>`;
}

function completenessFacts({ units, tokens, scored, recorded, nonfinite, duplicateIds, verification, rows }: Completeness): [string, string][] {
  const missing = units.missing.length === 0 ? '' : `; missing ${units.missing.map(countText).join(', ')}${units.planned - units.committed > units.missing.length ? ' and more' : ''}`;
  const duplicates = duplicateIds === null || duplicateIds.count === 0 ? [] : [['Repeated ids', `${countText(duplicateIds.count)}, as ${escaped(duplicateIds.examples.slice(0, 3).map(plainText).join(', '))}`] as [string, string]];
  return [
    ['Units', `${countText(units.committed)} of ${countText(units.planned)} committed, ${countText(units.audited)} read whole${missing}`],
    ['Rows', `${countText(rows)}${ofRecorded(rows, recorded.rows)}`],
    ['Tokens', `${countText(tokens)}${ofRecorded(tokens, recorded.tokens)}, of them ${countText(scored)}${ofRecorded(scored, recorded.scored)} with a loss`],
    ['Non-finite losses', nonfinite === 0 ? '0' : levelMark('watch', countText(nonfinite))],
    ['Files checked', verification === 'hashed' ? 'sha256 of every file compared' : 'sizes, counts and page checksums (--verify compares sha256)'],
    ...duplicates,
  ];
}

/** What is counted, beside what the records say, where part of it could not be read. */
function ofRecorded(found: number, recorded: number): string {
  return found === recorded ? '' : ` read of ${countText(recorded)} recorded`;
}

function identityFacts({ model, devices, calibration, tokenizer, windows, tool, corpus, output }: RunIdentity): [string, string][] {
  const prefixes = { none: 'no BOS', bos: `BOS prefix (id ${windows.bosId ?? '–'})`, 'eos-as-bos': `EOS as BOS prefix (id ${windows.eosId ?? '–'})` };
  return [
    ['Reference model', `${escaped(plainText(model.modelType))} ${shortHash(model.hash)}, ${escaped(plainText(baseName(model.location)))}`],
    ['Precision', `${model.precision}, losses stored ${output.lossPrecision === 'exact' ? 'exactly' : 'on a grid of 2⁻¹¹ nats'}`],
    [devices.length > 1 ? 'Devices' : 'Device', devices.length === 0 ? 'nothing yet' : devices.map((device) => `${escaped(plainText(deviceText(device)))}${devices.length === 1 ? '' : `, ${counted(device.units, 'unit')}`}`).join('; ')],
    ...calibrationFacts(calibration),
    ['Vocabulary', `${countText(model.vocabSize)} tokens, ln V = ${Math.log(model.vocabSize).toFixed(3)} nats`],
    ['Tokenizer', `${shortHash(tokenizer.hash)}, ${escaped(plainText(`${tokenizer.library} ${tokenizer.libraryVersion}`))}`],
    ['Windows', `${windows.layout} layout, context ${countText(windows.contextLength)}, stride ${countText(windows.stride)}, ${prefixes[windows.bos]}`],
    ['Input', `${counted(corpus.files, 'file')}, ${bytesText(corpus.bytes)}${corpus.limitDocs === null ? '' : `, first ${counted(corpus.limitDocs, 'document')} only`}`],
    ['Scored by', `${escaped(plainText(tool.name))} ${escaped(plainText(tool.version))}, onnxruntime ${escaped(plainText(tool.onnxruntime))}`],
  ];
}

/** What the precision costs. */
function calibrationFacts(calibration: RunIdentity['calibration']): [string, string][] {
  if (calibration === null) return [];
  const { tokens, meanError, maxError, changedSelection, notCompared } = calibration;
  if (notCompared !== undefined) return [['Error against float32', `not measured: ${escaped(notCompared)}`]];
  if (meanError === null || maxError === null || changedSelection === null) return [['Error against float32', 'not measured: the corpus has no token to score']];
  const changed = `${percentText(changedSelection)} of the tokens enter or leave the 60 % with the lowest loss`;
  return [['Error against float32', `mean ${meanError.toPrecision(2)} nats, largest ${maxError.toPrecision(2)}, ${changed} (${countText(tokens)} tokens)`]];
}

function workFacts({ work, bytes }: Completeness): [string, string][] {
  const speed = work.tokensPerSecond === null ? '' : `, ${countText(work.tokensPerSecond)} tokens/s`;
  const finished = work.lastUnitFinishedAt === null ? [] : [['Finished', `<time datetime="${escaped(work.lastUnitFinishedAt)}">${escaped(minuteText(work.lastUnitFinishedAt))}</time>`] as [string, string]];
  return [
    ['Time', `${durationText(work.seconds)} of scoring${speed}`],
    ...(work.reusedTokens === 0 ? [] : [['Reused', `${countText(work.reusedTokens)} tokens, copied from earlier runs`] as [string, string]]),
    ['Padding', percentText(work.computedTokens === 0 ? null : work.paddedTokens / work.computedTokens)],
    ...finished,
    ['Shards', bytesText(bytes)],
    ...(work.hosts.length === 0 ? [] : [['Computed on', escaped(hostsText(work.hosts))] as [string, string]]),
  ];
}

function hostsText(hosts: readonly string[]): string {
  const named = hosts.slice(0, 3).map(plainText).join(', ');
  return hosts.length > 3 ? `${named} and ${countText(hosts.length - 3)} more` : named;
}

/** "2026-11-23 10:39 UTC" of an ISO time. */
function minuteText(iso: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(iso) ? `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC` : plainText(iso);
}

function baseName(path: string): string {
  return path.split(/[/\\]/).findLast((part) => part !== '') ?? path;
}

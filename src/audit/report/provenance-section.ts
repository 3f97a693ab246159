import { escaped } from '../../charts/markup.js';
import { deviceText, type UsedDevice } from '../../run/device-record.js';
import type { AuditReport, RunIdentity } from '../report-data.js';
import { bytesText, countText } from './number-text.js';
import type { Section } from './section.js';
import { table } from './table.js';
import { nameText, plainText } from './visible-text.js';

type InputFile = RunIdentity['corpus']['listed'][number];

/** Everything that decides the numbers, hashes in full. */
export function provenanceSection({ identity, tool, drift, excess }: AuditReport): Section {
  const { corpus } = identity;
  const columns = [
    { head: 'this run', identity },
    ...(drift === null ? [] : [{ head: 'earlier run', identity: drift.earlier }]),
    ...(excess === null ? [] : [{ head: 'live run', identity: excess.live }]),
  ];
  const keys = Object.keys(settingsOf(identity));
  const settings = columns.map((column) => settingsOf(column.identity));
  const rest = corpus.files - corpus.listed.length;
  return {
    id: 'provenance',
    title: 'Provenance',
    body: `${table<string>({
      caption: 'Settings and hashes (sha256)',
      columns: [
        { head: 'key', kind: 'text', cell: (key) => `<code>${escaped(key)}</code>` },
        ...columns.map(({ head }, at) => ({ head, kind: 'text' as const, cell: (key: string) => `<code class="long">${escaped(plainText(settings[at]![key] ?? '–'))}</code>` })),
      ],
      rows: keys,
    })}
<h3>Input files</h3>
${table<InputFile>({
  caption: 'Input files',
  columns: [
    { head: 'file', kind: 'text', cell: ({ path }) => nameText(path) },
    { head: 'format', kind: 'text', cell: ({ format }) => escaped(plainText(format)) },
    { head: 'size', kind: 'number', cell: ({ bytes }) => bytesText(bytes) },
    { head: 'sha256', kind: 'text', cell: ({ sha256 }) => `<code class="long">${escaped(plainText(sha256))}</code>` },
  ],
  rows: corpus.listed,
})}
${rest > 0 ? `<p class="legend">${countText(rest)} more files are in plan.json.</p>` : ''}
<p class="legend">Audited by ${escaped(plainText(`${tool.name} ${tool.version}`))}. The same run folders give the same bytes of this page.</p>`,
  };
}

/** Names as in plan.json. */
function settingsOf({ run, planHash, tool, model, devices, calibration, tokenizer, windows, output, corpus }: RunIdentity): Readonly<Record<string, string>> {
  const entries: [string, Setting][] = [
    ['run', run],
    ['planHash', planHash],
    ...named('tool', tool),
    ...named('model', model),
    ['devices', devices.map(deviceSetting).join('; ')],
    ...(calibration === null ? [] : named('calibration', { ...calibration, nonfinite: { ...calibration.nonfinite } })),
    ...named('tokenizer', tokenizer),
    ...named('windows', windows),
    ...named('output', output),
    ...named('corpus', { textField: corpus.textField.join(', '), idField: corpus.idField, sourceField: corpus.sourceField, limitDocs: corpus.limitDocs, units: corpus.units, files: corpus.files, bytes: corpus.bytes }),
  ];
  return Object.fromEntries(entries.map(([key, value]) => [key, value === null ? 'none' : String(value)]));
}

/** A device with the versions of its libraries and the number of its units. */
function deviceSetting(device: UsedDevice): string {
  const libraries = device.kind === 'cpu' ? [] : Object.entries(device.libraries).map(([name, version]) => `${name} ${version ?? 'of unknown version'}`);
  return [deviceText(device), ...libraries, `units ${device.units}`].join(', ');
}

type Setting = string | number | boolean | null;
interface Settings {
  readonly [key: string]: Setting | Settings;
}

/** Leaves of an object by their path. */
function named(prefix: string, settings: Settings): [string, Setting][] {
  return Object.entries(settings).flatMap(([key, value]) => (typeof value === 'object' && value !== null ? named(`${prefix}.${key}`, value) : [[`${prefix}.${key}`, value] as [string, Setting]]));
}

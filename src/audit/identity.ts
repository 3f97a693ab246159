import { usedDevices } from '../run/device-record.js';
import { planHash, type Plan } from '../run/plan.js';
import type { AuditedRun } from './audited-run.js';
import { LISTED_FILES, type IdentityChange, type RunIdentity } from './report-data/identity.js';

/** What a report says of a run's plan, and of how exact its losses are. */
export function identityOf(run: string, { plan, calibration, manifest, commits }: Pick<AuditedRun, 'plan' | 'calibration' | 'manifest' | 'commits'>): RunIdentity {
  const { tool, model, tokenizer, windows, output, corpus } = plan;
  const { kind, modelType, location, precision, device, vocabSize, hash } = model;
  return {
    run,
    planHash: planHash(plan),
    tool,
    model: { kind, modelType, location, precision, device, vocabSize, hash },
    devices: manifest?.computation.devices ?? usedDevices([...commits.values()]),
    calibration,
    tokenizer,
    windows,
    output,
    corpus: {
      textField: corpus.textField,
      idField: corpus.idField,
      sourceField: corpus.sourceField,
      limitDocs: corpus.limitDocs,
      units: corpus.units.length,
      files: corpus.files.length,
      bytes: corpus.files.reduce((sum, { bytes }) => sum + bytes, 0),
      listed: corpus.files.slice(0, LISTED_FILES).map(({ path, bytes, sha256, format }) => ({ path, bytes, sha256, format })),
    },
  };
}

/** What decides a loss beside the text, the gravest first. Sizes and places of inputs are no measurement. */
const MEASUREMENT: readonly { readonly key: string; readonly what: string; readonly level: IdentityChange['level']; readonly of: (plan: Plan) => unknown }[] = [
  { key: 'model.hash', what: 'the model', level: 'alarm', of: ({ model }) => model.hash },
  { key: 'tokenizer.hash', what: 'the tokenizer', level: 'alarm', of: ({ tokenizer }) => tokenizer.hash },
  { key: 'windows.layout', what: 'the layout of the windows', level: 'watch', of: ({ windows }) => windows.layout },
  { key: 'windows.contextLength', what: 'the context length', level: 'watch', of: ({ windows }) => windows.contextLength },
  { key: 'windows.stride', what: 'the stride', level: 'watch', of: ({ windows }) => windows.stride },
  { key: 'windows.bos', what: 'the BOS policy', level: 'watch', of: ({ windows }) => windows.bos },
  { key: 'model.precision', what: 'the precision of the computation', level: 'watch', of: ({ model }) => model.precision },
  { key: 'model.device', what: 'the kind of device', level: 'watch', of: ({ model }) => model.device },
  { key: 'output.lossPrecision', what: 'the precision of the stored losses', level: 'watch', of: ({ output }) => output.lossPrecision },
  { key: 'corpus.textField', what: 'the text field', level: 'watch', of: ({ corpus }) => corpus.textField.join(', ') },
  { key: 'tokenizer.libraryVersion', what: 'the version of the tokenizer library', level: 'watch', of: ({ tokenizer }) => `${tokenizer.library} ${tokenizer.libraryVersion}` },
  { key: 'tool.onnxruntime', what: 'the version of the runtime', level: 'watch', of: ({ tool }) => tool.onnxruntime },
  { key: 'tool.version', what: 'the version of the program', level: 'watch', of: ({ tool }) => `${tool.name} ${tool.version}` },
];

/** Where the later plan measures otherwise than the earlier one. */
export function identityChanges(earlier: Plan, now: Plan): IdentityChange[] {
  return MEASUREMENT.flatMap(({ key, what, level, of }) => {
    const [before, after] = [String(of(earlier)), String(of(now))];
    return before === after ? [] : [{ key, level, what, earlier: before, now: after }];
  });
}

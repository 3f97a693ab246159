import type { SettingFlag } from './command-settings.js';

/** The flags of `touchstone score` that set a key; flag-help.ts makes the help from them. */
export const scoreFlags: readonly SettingFlag[] = [
  { flag: '--corpus', key: 'corpus.paths', argument: '<glob...>', words: 'texts', description: 'files, folders or globs: .jsonl, .jsonl.gz, .jsonl.zst, .parquet, .txt' },
  { flag: '--model', key: 'model.path', argument: '<path>', words: 'text', description: 'Hugging Face checkpoint folder, or an exported decoder .onnx' },
  { flag: '--out', key: 'output.run', argument: '<run>', words: 'text', description: 'run folder; the same command on the same folder resumes' },
  { flag: '--reuse', key: 'output.reuse', argument: '<run...>', words: 'texts', description: 'earlier runs whose losses are copied for texts that have not changed' },
  { flag: '--text-field', key: 'corpus.textField', argument: '<field...>', words: 'texts', description: 'field that holds the text; several are joined by a newline' },
  { flag: '--id-field', key: 'corpus.idField', argument: '<field>', words: 'text', description: "field that holds a document's id; without it, file and position" },
  { flag: '--source-field', key: 'corpus.sourceField', argument: '<field>', words: 'text', description: "field that holds a document's source; without it, the file name" },
  { flag: '--tokenizer', key: 'tokenizer.path', argument: '<folder>', words: 'text', description: 'folder that holds tokenizer.json; without it, the model folder' },
  { flag: '--context-length', key: 'windows.contextLength', argument: '<tokens>', words: 'number', description: 'tokens the model sees at once, BOS included; auto: what the checkpoint allows, at most 2048' },
  { flag: '--stride', key: 'windows.stride', argument: '<tokens>', words: 'number', description: 'tokens a window moves on (document layout); auto: half the context length' },
  { flag: '--layout', key: 'windows.layout', argument: '<layout>', words: 'text', description: 'document (sliding windows) or packed (rows of exactly the context length)' },
  { flag: '--bos', key: 'windows.bos', argument: '<policy>', words: 'text', description: 'what precedes a document: none, bos, eos-as-bos; auto: what the tokenizer does' },
  { flag: '--stats', key: 'output.stats', argument: '<names>', words: 'text', description: 'further columns, between commas: entropy, top1, bytes; or none' },
  { flag: '--loss-precision', key: 'output.lossPrecision', argument: '<precision>', words: 'text', description: 'exact, or grid11 (multiples of 2^-11 nats, 40 % smaller)' },
  { flag: '--batch-tokens', key: 'runtime.batchTokens', argument: '<tokens>', words: 'number', description: 'token positions computed per batch, padding included' },
  { flag: '--threads', key: 'runtime.threads', argument: '<count>', words: 'number', description: 'threads over all workers; auto: the cores this process may use' },
  { flag: '--workers', key: 'runtime.workers', argument: '<count>', words: 'number', description: 'sessions; each holds its own copy of the weights' },
  { flag: '--unit-attempts', key: 'runtime.unitAttempts', argument: '<count>', words: 'number', description: 'times a unit is tried before it is recorded as failed and the others go on' },
  { flag: '--batch-timeout', key: 'runtime.batchTimeout', argument: '<seconds>', words: 'number', description: 'give a session up as hung that has not answered for this long' },
  { flag: '--max-quarantined', key: 'thresholds.maxQuarantined', argument: '<limit>', words: 'number', description: 'end with exit code 65 where more documents than this are quarantined: a number, or a share such as 0.1%' },
  { flag: '--max-nonfinite', key: 'thresholds.maxNonfinite', argument: '<limit>', words: 'number', description: 'the same for tokens without a finite loss' },
  { flag: '--limit-docs', key: 'corpus.limitDocs', argument: '<count>', words: 'number', description: 'read at most this many documents of the whole corpus' },
  { flag: '--unit-bytes', key: 'corpus.unitBytes', argument: '<size>', words: 'number', description: 'input per unit, that is per output shard, such as 32MiB' },
  { flag: '--max-line-bytes', key: 'corpus.maxLineBytes', argument: '<size>', words: 'number', description: 'longer lines are quarantined, such as 64MiB' },
];

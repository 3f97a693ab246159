import type { SettingFlag } from './command-settings.js';

/** The flags of `touchstone train` that set a key; every key can be set by --set as well. */
export const trainFlags: readonly SettingFlag[] = [
  { flag: '--objective', key: 'objective.kind', argument: '<kind>', words: 'text', description: 'selective (the tokens a selection keeps) or causal (every token)' },
  { flag: '--model', key: 'model.path', argument: '<folder>', words: 'text', description: 'Hugging Face folder to start from; without it, model.init in the YAML file' },
  { flag: '--tokenizer', key: 'tokenizer.path', argument: '<folder>', words: 'text', description: 'folder that holds tokenizer.json; without it, the model folder' },
  { flag: '--scores', key: 'data.scores', argument: '<run>', words: 'text', description: 'finished run of touchstone score to train on' },
  { flag: '--corpus', key: 'data.corpus', argument: '<glob...>', words: 'texts', description: 'corpus to train on, for the causal objective' },
  { flag: '--text-field', key: 'data.textField', argument: '<field...>', words: 'texts', description: 'field of the corpus that holds the text; several are joined by a newline' },
  { flag: '--length', key: 'data.length', argument: '<tokens>', words: 'number', description: 'tokens of a sequence' },
  { flag: '--sequences', key: 'batch.sequences', argument: '<count>', words: 'number', description: 'sequences of a micro-batch' },
  { flag: '--accumulation', key: 'batch.accumulation', argument: '<count>', words: 'number', description: 'micro-batches of a step' },
  { flag: '--learning-rate', key: 'optimizer.learningRate', argument: '<rate>', words: 'number', description: 'highest learning rate; falls by a cosine towards optimizer.minLearningRate (default 0), which it would reach one step after the last' },
  { flag: '--score', key: 'selection.score', argument: '<score>', words: 'text', description: 'excess (without it), reference, entropy, intersection, random or all' },
  { flag: '--keep-fraction', key: 'selection.keepFraction', argument: '<share>', words: 'number', description: 'share of the candidates that is trained on; without it 0.6' },
  { flag: '--steps', key: 'run.steps', argument: '<count>', words: 'number', description: 'optimizer steps' },
  { flag: '--device', key: 'run.device', argument: '<device>', words: 'text', description: 'cpu, cuda, cuda:1, or auto: CUDA where it works, else the CPU' },
  { flag: '--threads', key: 'run.threads', argument: '<count>', words: 'number', description: 'threads; auto: the cores this process may use' },
  { flag: '--out', key: 'output.folder', argument: '<folder>', words: 'text', description: 'folder of the training run; the trained model is its subfolder model' },
];

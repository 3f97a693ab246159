import { TouchstoneError } from '../../errors.js';
import { documentFormat, type BosPolicy, type SequenceFormat } from './sequence-format.js';
import type { ScoreSetRows } from './score-set-rows.js';

/** What a training run is going to do with a score set. */
export interface TrainingSetting {
  /** sha256 of the live model's tokenizer.json. */
  readonly tokenizerHash: string;
  /** V of the live model. */
  readonly vocabSize: number;
  /** T, the positions the live model sees at once; 'auto' = what the set was scored with. */
  readonly length: number | 'auto';
  /** 'auto' = what the set was scored with. */
  readonly bos: BosPolicy | 'auto';
  /** Whether a selection will read reference losses, and entropies. */
  readonly needs: { readonly reference: boolean; readonly entropy: boolean };
}

export interface VerifiedSource {
  readonly format: SequenceFormat;
  /** What a user should know; one sentence each. */
  readonly notes: readonly string[];
}

/**
 * Checks that a score set can be trained on under a setting, and says how its rows become sequences. That the set is complete is checked where it is
 * opened, the range of its ids where they are read, and the losses' place by alignment.ts.
 *
 * Throws a mismatch for another tokenizer, BOS policy or packed length; a usage error for statistics the set does not have; a data error for one without any loss.
 */
export function verifyScoreSet({ plan, manifest }: Pick<ScoreSetRows, 'plan' | 'manifest'>, setting: TrainingSetting): VerifiedSource {
  const { tokenizer, windows, output } = plan;
  if (tokenizer.hash !== setting.tokenizerHash) {
    throw new TouchstoneError('mismatch', `the live model's tokenizer must be the one the set was scored with, sha256 ${tokenizer.hash}, its tokenizer.json has ${setting.tokenizerHash}`, {
      advice: 'One added token is enough to move losses to other tokens: score the corpus again with this tokenizer.json.',
    });
  }
  if (tokenizer.vocabSize > setting.vocabSize) {
    throw new TouchstoneError('mismatch', `the live model must have a row for each of the tokenizer's ${tokenizer.vocabSize} tokens, its vocabulary has ${setting.vocabSize}`, {
      advice: 'Set the vocabulary size of the model to at least that of the tokenizer.',
    });
  }
  if (setting.bos !== 'auto' && setting.bos !== windows.bos) {
    throw new TouchstoneError('mismatch', `the BOS policy of training must be that of the score set, "${windows.bos}", got "${setting.bos}"`, {
      advice: 'Leave it out, or score the corpus again with the other policy: live and reference losses of a first token are comparable only in the same context.',
    });
  }
  if (setting.needs.entropy && !output.stats.entropy) {
    throw new TouchstoneError('usage', 'this selection needs the entropy of the reference model, and the set was scored without it', { advice: 'Score the corpus again with --stats entropy.' });
  }
  if (setting.needs.reference && manifest.totals.scored === 0) {
    throw new TouchstoneError('data', `the score set must have reference losses, none of its ${manifest.totals.tokens} tokens has one`);
  }

  // The last token of a context is a target and no input.
  const scoredLength = windows.contextLength - 1;
  const length = setting.length === 'auto' ? scoredLength : setting.length;
  const format = documentFormat(length, windows.bos, windows);
  if (windows.layout === 'packed') {
    if (length === scoredLength) return { format: { ...format, layout: 'packed' }, notes: [] };
    throw new TouchstoneError('mismatch', `sequences of this packed score set have ${scoredLength} inputs (its context length ${windows.contextLength} less one), training asks for ${length}`, {
      advice: 'Leave the length out, or score the corpus again in the document layout, which fits any length.',
    });
  }
  const notes = [
    ...(setting.needs.reference && length > scoredLength ? [`The reference model saw at most ${scoredLength} tokens before a token (its context length ${windows.contextLength} less one), the live model sees up to ${length}: late tokens of long documents have the easier task in training.`] : []),
    ...(setting.needs.reference && windows.bos === 'none' ? ['The set was scored without BOS: the first token of each document has no reference loss and is never selected.'] : []),
  ];
  return { format, notes };
}

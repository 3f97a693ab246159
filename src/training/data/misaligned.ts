import { TouchstoneError } from '../../errors.js';
import type { Alignment } from './alignment.js';

/** Throws a data error where the losses of a score set are shifted or have nothing to do with its tokens; `when` begins the message ("step 4"). */
export function refuseMisaligned({ verdict, shift, contrasts }: Alignment, when: string): void {
  if (verdict === 'aligned' || verdict === 'undecided') return;
  const tokens = `${Math.abs(shift)} token${Math.abs(shift) === 1 ? '' : 's'}`;
  const found = verdict === 'shifted' ? `stand ${tokens} ${shift > 0 ? 'late' : 'early'}` : 'have nothing to do with the live losses';
  const figures = contrasts.map((value) => value.toFixed(2)).join(', ');
  throw new TouchstoneError('data', `${when}: the reference losses of the score set ${found} (correlation of contrasts at -2 to 2 tokens: ${figures}), expected the highest at 0`, {
    advice: 'The set is not aligned with its tokens, or belongs to other text: score the corpus again, and verify the run. Selection by it would be no better than chance.',
  });
}

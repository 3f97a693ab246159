import { escaped } from '../../charts/markup.js';
import type { Section } from './section.js';

const TERMS: readonly (readonly [string, string])[] = [
  ['token', 'A word, a part of a word, or any other piece of text that the model reads as one.'],
  ['loss', 'How much a token surprised the model: minus the natural logarithm of the probability it gave the token. 0 is certainty.'],
  ['nat', 'The unit of loss. 1 nat is a probability of 37 %, 3 nats 5 %, 7 nats 0.1 %; ln 2 nats are one bit.'],
  ['reference loss', 'The loss under the reference model, a model trained on text of the kind that is wanted. It is what a score set stores.'],
  ['excess loss', 'The loss of a model in training less the reference loss: high where there is something left that can be learned.'],
  ['perplexity', 'e to the mean loss: among how many equally likely tokens the model was choosing, as it were.'],
  ['ln V', 'The loss of guessing evenly among all V tokens of the vocabulary. What is above it was predicted worse than by a guess.'],
  ['near zero', 'Losses so low that the model all but knew the token: repeated text, boilerplate, the second half of a word.'],
  ['entropy', 'The loss the model itself expected on average at this place, before it saw the token.'],
  ['percentile', 'p90 is the loss that 90 % of the tokens do not exceed; p50 is the median.'],
  ['window, context, stride', 'The model sees at most a context of tokens at a time; longer documents are read in windows that each begin a stride after the one before.'],
  ['PSI', 'Population stability index: how differently two runs fill the bins of the histogram. 0 is not at all; by custom, 0.1 deserves a look and 0.25 an explanation.'],
  ['Wasserstein distance', 'By how many nats the losses of one run would have to be moved on average to become those of the other.'],
  ['quarantined, skipped', 'Documents that were read and not scored: because something is wrong with them, or because they are empty.'],
];

export function glossarySection(): Section {
  return { id: 'glossary', title: 'Glossary', body: `<dl class="glossary">${TERMS.map(([term, meaning]) => `<dt>${escaped(term)}</dt><dd>${escaped(meaning)}</dd>`).join('\n')}</dl>` };
}

import type { Random } from '../../src/math/random.js';
import { minus, over, plus, times } from './equation.js';
import { DAYS, person, PLACES, RELATIVES } from './lexicon.js';
import { drawProblem } from './problem.js';
import type { Problem } from './problems/template.js';

/** Where a document claims to come from; each source lays its problems out in its own voice. */
export type Source = 'textbook' | 'forum' | 'weblogs';
export const SOURCES: readonly Source[] = ['textbook', 'forum', 'weblogs'];

/** One clean document of a source: problems, worked solutions and what people say around them. */
export function drawClean(random: Random, source: Source): string {
  switch (source) {
    case 'textbook':
      return random.chance(0.12) ? drill(random) : textbook(random);
    case 'forum':
      return forum(random);
    case 'weblogs':
      return weblog(random);
  }
}

function textbook(random: Random): string {
  const [ask, solve, answer] = random.pick([
    ['Problem.', 'Solution.', 'Answer:'],
    ['Exercise:', 'Worked steps:', 'Answer:'],
    ['Question:', 'Reasoning:', 'Result:'],
  ]);
  const exercises = Array.from({ length: random.between(1, 2) }, () => {
    const problem = drawProblem(random);
    return `${ask} ${told(problem)}\n${solve} ${problem.steps.join(' ')}\n${answer} ${problem.answer}.`;
  });
  return exercises.join('\n\n');
}

function drill(random: Random): string {
  const title = random.pick(['Practice sheet.', 'Work these out.', 'Mental arithmetic.']);
  const factor = random.between(2, 12);
  const kind = random.below(5);
  const lines = Array.from({ length: random.between(6, 12) }, (_, index) => {
    const [left, right] = [random.between(2, 99), random.between(2, 99)];
    if (kind === 0) return times(index + 1, factor).text;
    if (kind === 1) return plus(left, right).text;
    if (kind === 2) return minus(Math.max(left, right), Math.min(left, right)).text;
    if (kind === 3) return times(left, random.between(2, 12)).text;
    return over((index + 2) * factor, factor).text;
  });
  return `${kind === 0 ? `The table of ${factor}.` : title}\n${lines.join('\n')}`;
}

function forum(random: Random): string {
  const problem = drawProblem(random);
  const asker = person(random).name;
  const helper = person(random).name;
  const opening = random.pick([
    'Hi all, can someone check my homework?',
    'Hello, I am stuck on this one.',
    'Hey everyone, is my answer right?',
    'Good evening, here is a problem from class.',
    `My ${random.pick(RELATIVES)} gave me this puzzle.`,
    'Could you help me with this question?',
  ]);
  const reply = random.pick([
    `Yes, ${problem.answer} is right.`,
    `Looks good to me, I also get ${problem.answer}.`,
    `Correct. The answer is ${problem.answer}.`,
    `I did it the same way and got ${problem.answer} too.`,
  ]);
  const thanks = random.pick(['Thanks a lot!', 'Thank you!', 'Great, thanks.', 'That helps, thank you.']);
  const [mood, joy] = [smiley(random), smiley(random)];
  const work = random.pick(['My work:', 'What I did:', 'I tried this:', 'My steps:']);
  const steps = random.chance(0.3) ? problem.steps.map(withStars) : problem.steps;
  return [
    `${asker} wrote: ${opening}${mood} ${told(problem)}`,
    `${work} ${steps.join(' ')} So my answer is ${problem.answer}.`,
    `${helper} wrote: ${reply}`,
    ...(random.chance(0.5) ? [`${asker} wrote: ${thanks}${joy}`] : []),
  ].join('\n');
}

function weblog(random: Random): string {
  const opening = random.pick([
    `Here are the puzzles we did last ${random.pick(DAYS)}.`,
    `We spent the day at ${random.pick(PLACES)} and did some sums.`,
    'Numbers are everywhere once you look for them.',
    `My ${random.pick(RELATIVES)} and I like to count things.`,
    'Another week, another page of small stories with numbers.',
  ]);
  // One post in ten is long enough that a context of 512 tokens has to slide over it.
  const stories = random.chance(0.1) ? random.between(6, 12) : random.between(1, 3);
  const paragraphs = Array.from({ length: stories }, () => {
    const problem = drawProblem(random);
    const lead = random.pick(['', '', 'Here is one. ', 'Try this. ', 'The next story is easy. ', 'This one took a while. ']);
    const turn = random.pick(['Let us see.', 'Think about it step by step.', 'Here is how it goes.', 'We worked it out.']);
    return `${lead}${told(problem)} ${turn} ${problem.steps.join(' ')} So the answer is ${problem.answer}.`;
  });
  const closing = random.pick(['See you next week.', 'That was fun.', 'More soon.', 'Until next time.']);
  return [`${opening}${smiley(random)}`, ...paragraphs, closing].join('\n\n');
}

function told(problem: Problem): string {
  return [...problem.facts, problem.question].join(' ');
}

/** Now and then a character outside the Basic Multilingual Plane: two UTF-16 code units, one code point. */
function smiley(random: Random): string {
  return random.chance(0.03) ? ` ${random.pick(['🙂', '🍎', '🚀'])}` : '';
}

/** The same step with * for x, as people type it. */
function withStars(step: string): string {
  return step.replaceAll(/ x (?=\$?\d)/g, ' * ');
}

import { counted, minus, over, plus, times } from '../equation.js';
import { ANIMALS, BIRDS, count, KEEPSAKES, person, PLACES, twoPeople, twoThings } from '../lexicon.js';
import type { Template } from './template.js';

const comparison: Template = (random) => {
  const [first, second] = twoPeople(random);
  const thing = random.pick(KEEPSAKES);
  const base = random.between(6, 80);
  const gap = random.between(2, base - 2);
  const fewer = random.chance(0.5);
  const other = fewer ? minus(base, gap) : plus(base, gap);
  const both = plus(base, other.value);
  return {
    facts: [
      `${first.name} has ${count(base, thing)}.`,
      `${second.name} has ${gap} ${fewer ? 'fewer' : 'more'} ${thing.many} than ${first.name}.`,
    ],
    question: `How many ${thing.many} do they have together?`,
    steps: [`${second.name} has ${counted(other, thing)}.`, `Together they have ${counted(both, thing)}.`],
    answer: count(both.value, thing),
  };
};

const timesAsMany: Template = (random) => {
  const [first, second] = twoPeople(random);
  const thing = random.pick(KEEPSAKES);
  const base = random.between(3, 40);
  const factor = random.between(2, 6);
  const other = times(base, factor);
  const difference = minus(other.value, base);
  const facts = [`${first.name} has ${count(base, thing)}.`, `${second.name} has ${factor} times as many.`];
  const opening = `${second.name} has ${counted(other, thing)}.`;
  if (random.chance(0.5)) {
    return {
      facts,
      question: `How many more ${thing.many} does ${second.name} have than ${first.name}?`,
      steps: [opening, `The difference is ${difference.text}.`],
      answer: count(difference.value, thing),
    };
  }
  const both = plus(base, other.value);
  return {
    facts,
    question: 'How many do they have in total?',
    steps: [opening, `In total they have ${counted(both, thing)}.`],
    answer: count(both.value, thing),
  };
};

const legs: Template = (random) => {
  const animal = random.pick(ANIMALS);
  const bird = random.pick(BIRDS);
  const [four, two] = [random.between(2, 30), random.between(2, 40)];
  const fourLegs = times(four, 4);
  const twoLegs = times(two, 2);
  const all = plus(fourLegs.value, twoLegs.value);
  return {
    facts: [
      `A farmer keeps ${count(four, animal)} and ${count(two, bird)}.`,
      `Each ${animal.one} has 4 legs and each ${bird.one} has 2 legs.`,
    ],
    question: 'How many legs are there on the farm?',
    steps: [
      `The ${animal.many} have ${fourLegs.text} legs.`,
      `The ${bird.many} have ${twoLegs.text} legs.`,
      `All together that is ${all.text} legs.`,
    ],
    answer: `${all.value} legs`,
  };
};

const missingPart: Template = (random) => {
  const [first, second] = twoThings(random, KEEPSAKES);
  const who = person(random);
  const total = random.between(20, 150);
  const known = random.between(3, total - 3);
  const rest = minus(total, known);
  const check = plus(known, rest.value);
  return {
    facts: [`${who.name} keeps ${total} ${first.many} and ${second.many} in a drawer.`, `Of these, ${known} are ${first.many}.`],
    question: `How many ${second.many} are in the drawer?`,
    steps: [`The rest are ${second.many}: ${rest.text}.`, `To check, ${check.text}.`],
    answer: count(rest.value, second),
  };
};

const pattern: Template = (random) => {
  const step = random.between(2, 12);
  const start = random.between(1, 20);
  const shown = Array.from({ length: 4 }, (_, index) => start + index * step);
  const fifth = plus(shown[3]!, step);
  const sixth = plus(fifth.value, step);
  const difference = minus(shown[1]!, shown[0]!);
  return {
    facts: [`A pattern goes ${shown.join(', ')} and so on.`],
    question: 'What are the next two numbers?',
    steps: [`The pattern grows by ${difference.text}.`, `Next comes ${fifth.text}.`, `After that comes ${sixth.text}.`],
    answer: `${fifth.value} and ${sixth.value}`,
  };
};

const ages: Template = (random) => {
  const [old, young] = twoPeople(random);
  const age = random.between(4, 15);
  const factor = random.between(2, 4);
  const later = random.between(2, 12);
  const now = times(age, factor);
  const then = plus(now.value, later);
  return {
    facts: [`${young.name} is ${age} years old.`, `${old.name} is ${factor} times as old as ${young.name}.`],
    question: `How old will ${old.name} be in ${later} years?`,
    steps: [`${old.name} is ${now.text} years old now.`, `In ${later} years ${old.they} will be ${then.text}.`],
    answer: `${then.value} years old`,
  };
};

const teams: Template = (random) => {
  const size = random.between(3, 11);
  const number = random.between(2, 12);
  const players = times(size, number);
  const coaches = over(players.value, size);
  return {
    facts: [`${players.value} children came to ${random.pick(PLACES)} to play.`, `They made teams of ${size}.`, 'Each team got one coach.'],
    question: 'How many coaches were needed?',
    steps: [`There were ${coaches.text} teams.`, `One coach for each team makes ${coaches.value} coaches.`],
    answer: `${coaches.value} coaches`,
  };
};

export const counting: readonly Template[] = [comparison, timesAsMany, legs, missingPart, pattern, ages, teams];

import { counted, minus, over, plus, times } from '../equation.js';
import { capital, CONTAINERS, count, FRACTIONS, GOODS, KEEPSAKES, person, PLACES, TOWNS, twoPeople } from '../lexicon.js';
import type { Template } from './template.js';

const equalShares: Template = (random) => {
  const who = person(random);
  const thing = random.pick(KEEPSAKES);
  const [friends, share] = [random.between(2, 12), random.between(2, 20)];
  const all = friends * share;
  const each = over(all, friends);
  return {
    facts: [`${who.name} shares ${count(all, thing)} equally among ${friends} friends.`],
    question: `How many ${thing.many} does each friend get?`,
    steps: [`Each friend gets ${counted(each, thing)}.`],
    answer: count(each.value, thing),
  };
};

const remainder: Template = (random) => {
  const thing = random.pick(GOODS);
  const container = random.pick(CONTAINERS);
  const [size, number] = [random.between(3, 12), random.between(2, 15)];
  const packed = times(size, number);
  const all = packed.value + random.between(1, size - 1);
  const left = minus(all, packed.value);
  return {
    facts: [`There are ${count(all, thing)}.`, `Each ${container.one} takes ${size} of them.`],
    question: `How many full ${container.many} are there, and how many ${thing.many} are left over?`,
    steps: [`${number} full ${container.many} take ${counted(packed, thing)}.`, `${left.text} are left over.`],
    answer: `${number} full ${container.many} and ${left.value} left over`,
  };
};

const fraction: Template = (random) => {
  const part = random.pick(FRACTIONS);
  const group = part.parts * random.between(2, 25);
  const hobby = random.pick([
    'play chess',
    'sing in the choir',
    'like tea',
    'ride a bike to school',
    'have a pet',
    'swim every week',
    'wear glasses',
    'play soccer',
  ]);
  const some = over(group, part.parts);
  const others = minus(group, some.value);
  return {
    facts: [`There are ${group} students in a school in ${random.pick(TOWNS)}.`, `${capital(part.word)} of them ${hobby}.`],
    question: 'How many students do not?',
    steps: [`${capital(part.word)} of ${group} is ${some.text}.`, `The others are ${others.text} students.`],
    answer: `${others.value} students`,
  };
};

const ratio: Template = (random) => {
  const [first, second] = twoPeople(random);
  const thing = random.pick(KEEPSAKES);
  const [one, two, size] = [random.between(1, 5), random.between(2, 7), random.between(2, 12)];
  const parts = plus(one, two);
  const part = over(parts.value * size, parts.value);
  const mine = times(one, part.value);
  const yours = times(two, part.value);
  return {
    facts: [`${first.name} and ${second.name} split ${count(parts.value * size, thing)} in the ratio ${one} to ${two}.`],
    question: `How many ${thing.many} does each of them get?`,
    steps: [
      `There are ${parts.text} parts.`,
      `One part is ${counted(part, thing)}.`,
      `${first.name} gets ${mine.text} and ${second.name} gets ${yours.text}.`,
    ],
    answer: `${mine.value} for ${first.name} and ${yours.value} for ${second.name}`,
  };
};

const average: Template = (random) => {
  const who = person(random);
  const number = random.between(3, 4);
  const scores = Array.from({ length: number }, () => random.between(3, 30));
  const short = scores.reduce((sum, score) => sum + score, 0) % number;
  scores[0] = scores[0]! + (short === 0 ? 0 : number - short);
  const total = plus(...scores);
  const mean = over(total.value, number);
  return {
    facts: [`${who.name} scored ${scores.slice(0, -1).join(', ')} and ${scores.at(-1)!} points in ${number} games.`],
    question: `What is ${who.name}'s average score?`,
    steps: [`The total is ${total.text} points.`, `The average is ${mean.text} points.`],
    answer: `${mean.value} points`,
  };
};

const classroom: Template = (random) => {
  const [girls, boys, absent] = [random.between(5, 20), random.between(5, 20), random.between(1, 5)];
  const all = plus(girls, boys);
  const present = minus(all.value, absent);
  return {
    facts: [`A class has ${girls} girls and ${boys} boys.`, `Today ${absent === 1 ? '1 child is' : `${absent} children are`} ill.`],
    question: 'How many children are in class today?',
    steps: [`The class has ${all.text} children.`, `Today there are ${present.text}.`],
    answer: `${present.value} children`,
  };
};

const tournament: Template = (random) => {
  const [first] = twoPeople(random);
  const [wins, draws] = [random.between(2, 15), random.between(1, 9)];
  const won = times(wins, 3);
  const total = plus(won.value, draws);
  return {
    facts: [
      `A team gets 3 points for a win and 1 point for a draw.`,
      `${first.name}'s team had ${wins} wins and ${draws === 1 ? '1 draw' : `${draws} draws`}.`,
    ],
    question: 'How many points did the team get?',
    steps: [`The wins gave ${won.text} points.`, `With the draws it was ${total.text} points.`],
    answer: `${total.value} points`,
  };
};

const percentOfGroup: Template = (random) => {
  const percent = random.pick([10, 20, 25, 30, 40, 50, 60, 75]);
  const group = random.between(1, 10) * 20;
  const hundredfold = times(group, percent);
  const some = over(hundredfold.value, 100);
  return {
    facts: [`${group} people came to ${random.pick(PLACES)} and ${percent} percent of them were children.`],
    question: 'How many children came?',
    steps: [`First take ${hundredfold.text}.`, `Then ${some.text} children.`],
    answer: `${some.value} children`,
  };
};

const giveAndCompare: Template = (random) => {
  const [first, second] = twoPeople(random);
  const thing = random.pick(KEEPSAKES);
  const [mine, yours] = [random.between(12, 70), random.between(3, 40)];
  const given = random.between(1, 10);
  const less = minus(mine, given);
  const more = plus(yours, given);
  const [high, low] = less.value >= more.value ? [less, more] : [more, less];
  const difference = minus(high.value, low.value);
  return {
    facts: [`${first.name} has ${count(mine, thing)} and ${second.name} has ${yours}.`, `${first.name} gives ${given} to ${second.name}.`],
    question: 'What is the difference between them now?',
    steps: [
      `${first.name} now has ${less.text}.`,
      `${second.name} now has ${more.text}.`,
      `The difference is ${counted(difference, thing)}.`,
    ],
    answer: count(difference.value, thing),
  };
};

export const sharing: readonly Template[] = [
  equalShares,
  remainder,
  fraction,
  ratio,
  average,
  classroom,
  tournament,
  percentOfGroup,
  giveAndCompare,
];

import type { Random } from '../../../src/math/random.js';
import { counted, minus, over, plus, times } from '../equation.js';
import type { Equation } from '../equation.js';
import { count, DAYS, FRACTIONS, KEEPSAKES, person, PLACES, RELATIVES, SHOPS } from '../lexicon.js';
import type { Person, Thing } from '../lexicon.js';
import type { Template } from './template.js';

/** Someone has some, then gains, loses, multiplies or halves them, one to four times. */
export const runningTotal: Template = (random) => {
  const who = person(random);
  const thing = random.pick(KEEPSAKES);
  let held = random.between(5, 99);
  const facts = [
    random.pick([
      `${who.name} had ${count(held, thing)}.`,
      `${who.name} started with ${count(held, thing)}.`,
      `At first ${who.name} had ${count(held, thing)}.`,
    ]),
  ];
  const steps: string[] = [];
  for (let left = random.between(1, 4); left > 0; left--) {
    const event = drawEvent(random, who, thing, held);
    facts.push(event.told);
    steps.push(...event.equations.map((equation) => told(random, equation, thing)));
    held = event.equations.at(-1)!.value;
  }
  const asked = random.pick([
    `does ${who.name} have now`,
    `did ${who.name} have in the end`,
    'are there in the end',
    `does ${who.they} have now`,
  ]);
  return { facts, question: `How many ${thing.many} ${asked}?`, steps, answer: count(held, thing) };
};

interface Event {
  readonly told: string;
  /** What is worked out; the last value is what is held after the event. */
  readonly equations: readonly [Equation, ...Equation[]];
}

function drawEvent(random: Random, who: Person, thing: Thing, held: number): Event {
  const opening = random.pick([
    'Then ',
    'Later ',
    'After that ',
    `On ${random.pick(DAYS)} `,
    'The next day ',
    `At ${random.pick(PLACES)} `,
  ]);
  const kind = random.below(10);
  if (kind < 4 || held < 4) {
    const gain = random.between(2, 60);
    const verb = random.pick([
      `found ${gain} more`,
      `got ${gain} more from ${who.their} ${random.pick(RELATIVES)}`,
      `bought ${gain} more at ${random.pick(SHOPS)}`,
      `won ${gain} more`,
    ]);
    return { told: `${opening}${who.they} ${verb}.`, equations: [plus(held, gain)] };
  }
  if (kind < 8) {
    const loss = random.between(1, held - 1);
    const verb = random.pick([
      `gave ${loss} to ${who.their} ${random.pick(RELATIVES)}`,
      `lost ${loss} of them`,
      `sold ${loss} of them`,
      `traded ${loss} of them away`,
    ]);
    return { told: `${opening}${who.they} ${verb}.`, equations: [minus(held, loss)] };
  }
  const fraction = random.pick(FRACTIONS);
  if (kind === 8 && held % fraction.parts === 0) {
    const given = over(held, fraction.parts);
    return { told: `${opening}${who.they} gave ${fraction.word} of the ${thing.many} away.`, equations: [given, minus(held, given.value)] };
  }
  const factor = random.between(2, 3);
  return {
    told: `By the end of the week ${who.they} had ${factor === 2 ? 'twice' : '3 times'} as many.`,
    equations: [times(held, factor)],
  };
}

function told(random: Random, step: Equation, thing: Thing): string {
  return random.pick([
    `${counted(step, thing)}.`,
    `This is ${counted(step, thing)}.`,
    `That makes ${step.text}.`,
    `Now it is ${step.text}.`,
    `${step.text}.`,
  ]);
}

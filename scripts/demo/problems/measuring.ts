import { counted, minus, over, plus, times } from '../equation.js';
import { capital, count, DAYS, GOODS, person, PLANTS, twoThings } from '../lexicon.js';
import type { Template } from './template.js';

const area: Template = (random) => {
  const shape = random.pick(['garden', 'room', 'field', 'yard', 'floor', 'wall', 'poster', 'table top']);
  const unit = random.pick(['feet', 'meters', 'yards']);
  const [length, width] = [random.between(3, 30), random.between(2, 12)];
  const result = times(length, width);
  return {
    facts: [`A ${shape} is ${length} ${unit} long and ${width} ${unit} wide.`],
    question: `What is the area of the ${shape}?`,
    steps: [`The area is length times width, ${result.text} square ${unit}.`],
    answer: `${result.value} square ${unit}`,
  };
};

const fence: Template = (random) => {
  const who = person(random);
  const unit = random.pick(['feet', 'meters', 'yards']);
  const [length, width, price] = [random.between(4, 40), random.between(2, 25), random.between(2, 9)];
  const half = plus(length, width);
  const around = times(half.value, 2);
  const facts = [`${who.name} builds a fence around a garden that is ${length} ${unit} long and ${width} ${unit} wide.`];
  if (random.chance(0.5)) {
    return {
      facts,
      question: 'How long is the fence?',
      steps: [`Length and width are ${half.text} ${unit}.`, `All the way around it is ${around.text} ${unit}.`],
      answer: `${around.value} ${unit}`,
    };
  }
  const cost = times(around.value, price);
  return {
    facts: [...facts, `The fence costs ${price} dollars for each of the ${unit}.`],
    question: 'What does the fence cost?',
    steps: [`Length and width are ${half.text} ${unit}.`, `The fence is ${around.text} ${unit} long.`, `It costs ${cost.text} dollars.`],
    answer: `${cost.value} dollars`,
  };
};

const rows: Template = (random) => {
  const who = person(random);
  const plant = random.pick(PLANTS);
  const [number, size, dead] = [random.between(3, 15), random.between(4, 20), random.between(1, 9)];
  const planted = times(number, size);
  const alive = minus(planted.value, dead);
  return {
    facts: [
      `${who.name} planted ${number} rows of ${plant.many} with ${count(size, plant)} in each row.`,
      `In the dry summer ${dead} of them died.`,
    ],
    question: `How many ${plant.many} are still alive?`,
    steps: [`${capital(who.they)} planted ${counted(planted, plant)}.`, `${alive.text} are still alive.`],
    answer: count(alive.value, plant),
  };
};

const rope: Template = (random) => {
  const who = person(random);
  const unit = random.pick(['feet', 'meters', 'inches']);
  const [piece, number] = [random.between(3, 15), random.between(2, 12)];
  const rest = random.between(2, piece);
  const used = times(piece, number);
  const total = used.value + rest;
  const left = minus(total, used.value);
  return {
    facts: [`${who.name} has a rope of ${total} ${unit} and cuts off ${number} pieces of ${piece} ${unit} each.`],
    question: 'How much rope is left?',
    steps: [`The pieces take ${used.text} ${unit}.`, `${left.text} ${unit} are left.`],
    answer: `${left.value} ${unit}`,
  };
};

const recipe: Template = (random) => {
  const who = person(random);
  const [first, second] = [random.pick(['flour', 'milk', 'rice', 'oats']), random.pick(['sugar', 'butter', 'honey', 'cream'])];
  const thing = random.pick(GOODS);
  const [cups, spoons, factor, size] = [random.between(2, 6), random.between(2, 9), random.between(2, 5), random.between(4, 12)];
  const makes = times(size, factor);
  const more = times(cups, factor);
  const sweet = times(spoons, factor);
  return {
    facts: [
      `A recipe for ${count(size, thing)} needs ${cups} cups of ${first} and ${spoons} spoons of ${second}.`,
      `${who.name} wants to make ${count(makes.value, thing)}.`,
    ],
    question: `How much ${first} and ${second} does ${who.they} need?`,
    steps: [
      `${over(makes.value, size).text}, so everything is taken ${factor} times.`,
      `That is ${more.text} cups of ${first}.`,
      `It is ${sweet.text} spoons of ${second}.`,
    ],
    answer: `${more.value} cups of ${first} and ${sweet.value} spoons of ${second}`,
  };
};

const temperature: Template = (random) => {
  const [morning, rise, fall] = [random.between(2, 30), random.between(2, 20), random.between(2, 15)];
  const noon = plus(morning, rise);
  const night = minus(noon.value, Math.min(fall, noon.value - 2));
  return {
    facts: [
      `On ${random.pick(DAYS)} morning it was ${morning} degrees.`,
      `By noon it was ${rise} degrees warmer, and at night it fell by ${noon.value - night.value} degrees.`,
    ],
    question: 'How cold was it at night?',
    steps: [`At noon it was ${noon.text} degrees.`, `At night it was ${night.text} degrees.`],
    answer: `${night.value} degrees`,
  };
};

const weight: Template = (random) => {
  const [first, second] = twoThings(random, GOODS);
  const [few, many, light, heavy] = [random.between(2, 12), random.between(2, 12), random.between(2, 9), random.between(3, 15)];
  const one = times(few, light);
  const two = times(many, heavy);
  const both = plus(one.value, two.value);
  return {
    facts: [
      `A bag of ${first.many} weighs ${light} pounds and a bag of ${second.many} weighs ${heavy} pounds.`,
      `A truck carries ${few} bags of ${first.many} and ${many} bags of ${second.many}.`,
    ],
    question: 'How many pounds does the truck carry?',
    steps: [
      `The ${first.many} weigh ${one.text} pounds.`,
      `The ${second.many} weigh ${two.text} pounds.`,
      `The truck carries ${both.text} pounds.`,
    ],
    answer: `${both.value} pounds`,
  };
};

const height: Template = (random) => {
  const plant = random.pick(PLANTS);
  const [start, weekly, weeks] = [random.between(3, 40), random.between(2, 9), random.between(2, 9)];
  const grown = times(weekly, weeks);
  const tall = plus(start, grown.value);
  return {
    facts: [`A ${plant.one} is ${start} inches tall and grows ${weekly} inches a week.`],
    question: `How tall is it after ${weeks} weeks?`,
    steps: [`It grows ${grown.text} inches.`, `Then it is ${tall.text} inches tall.`],
    answer: `${tall.value} inches`,
  };
};

const units: Template = (random) => {
  const [opening, big, small, factor] = random.pick([
    ['A wall is', 'feet', 'inches', 12],
    ['A field is', 'yards', 'feet', 3],
    ['A job takes', 'hours', 'minutes', 60],
    ['A voyage lasts', 'days', 'hours', 24],
    ['A holiday lasts', 'weeks', 'days', 7],
  ] as const);
  const [number, more] = [random.between(2, 12), random.between(2, factor - 1)];
  const whole = times(number, factor);
  const all = plus(whole.value, more);
  return {
    facts: [`${opening} ${number} ${big} and ${more} ${small}.`],
    question: `How many ${small} is that?`,
    steps: [`${number} ${big} are ${whole.text} ${small}.`, `With the rest it is ${all.text} ${small}.`],
    answer: `${all.value} ${small}`,
  };
};

export const measuring: readonly Template[] = [area, fence, rows, rope, recipe, temperature, weight, height, units];

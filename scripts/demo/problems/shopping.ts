import { counted, dollars, minus, minusPrice, over, plus, plusPrice, times, timesPrice } from '../equation.js';
import { CONTAINERS, count, GOODS, MONTHS, person, RELATIVES, SHOPS, twoPeople, twoThings, WARES } from '../lexicon.js';
import type { Template } from './template.js';

const packs: Template = (random) => {
  const who = person(random);
  const thing = random.pick(GOODS);
  const container = random.pick(CONTAINERS);
  const [number, size] = [random.between(2, 12), random.between(3, 24)];
  const all = times(number, size);
  const eaten = random.between(1, all.value - 1);
  const left = minus(all.value, eaten);
  return {
    facts: [
      `${who.name} bought ${count(number, container)} of ${thing.many} at ${random.pick(SHOPS)}.`,
      `Each ${container.one} holds ${count(size, thing)}.`,
      `${who.their === 'her' ? 'Her' : 'His'} family ate ${eaten} of them.`,
    ],
    question: `How many ${thing.many} are left?`,
    steps: [`${who.name} bought ${counted(all, thing)}.`, `After the meal there are ${counted(left, thing)} left.`],
    answer: count(left.value, thing),
  };
};

const change: Template = (random) => {
  const who = person(random);
  const thing = random.pick(GOODS);
  const [number, price] = [random.between(2, 9), random.between(1, 9) * 100];
  const cost = timesPrice(number, price);
  const note = [1000, 2000, 5000, 10000].find((value) => value >= cost.value)!;
  const back = minusPrice(note, cost.value);
  return {
    facts: [
      `One ${thing.one} costs ${dollars(price)} at ${random.pick(SHOPS)}.`,
      `${who.name} buys ${count(number, thing)} and pays with a ${dollars(note)} bill.`,
    ],
    question: `How much change does ${who.name} get?`,
    steps: [`The ${thing.many} cost ${cost.text}.`, `The change is ${back.text}.`],
    answer: dollars(back.value),
  };
};

const twoKinds: Template = (random) => {
  const who = person(random);
  const [first, second] = twoThings(random, WARES);
  const [many, few] = [random.between(2, 8), random.between(2, 6)];
  const [cheap, dear] = [random.between(2, 20) * 100, random.between(5, 40) * 100];
  const one = timesPrice(many, cheap);
  const two = timesPrice(few, dear);
  const both = plusPrice(one.value, two.value);
  return {
    facts: [
      `A ${first.one} costs ${dollars(cheap)} and a ${second.one} costs ${dollars(dear)}.`,
      `${who.name} needs ${count(many, first)} and ${count(few, second)}.`,
    ],
    question: `How much does ${who.they} pay in all?`,
    steps: [`The ${first.many} cost ${one.text}.`, `The ${second.many} cost ${two.text}.`, `In all ${who.they} pays ${both.text}.`],
    answer: dollars(both.value),
  };
};

const discount: Template = (random) => {
  const thing = random.pick(WARES);
  const price = random.between(1, 20) * 20;
  const percent = random.pick([5, 10, 20, 25, 50]);
  const hundredfold = times(price, percent);
  const off = over(hundredfold.value, 100);
  const pays = minusPrice(price * 100, off.value * 100);
  return {
    facts: [`A ${thing.one} costs ${dollars(price * 100)}.`, `In a sale the price goes down by ${percent} percent.`],
    question: `What is the sale price of the ${thing.one}?`,
    steps: [`${percent} percent of ${price}: ${hundredfold.text} and ${off.text}.`, `The sale price is ${pays.text}.`],
    answer: dollars(pays.value),
  };
};

const saving: Template = (random) => {
  const who = person(random);
  const thing = random.pick(WARES);
  const [weekly, weeks, already] = [random.between(2, 15), random.between(2, 12), random.between(3, 40)];
  const price = already + weekly * weeks;
  const missing = minusPrice(price * 100, already * 100);
  const needed = over(missing.value / 100, weekly);
  return {
    facts: [
      `${who.name} wants a ${thing.one} that costs ${dollars(price * 100)}.`,
      `${who.they === 'she' ? 'She' : 'He'} already has ${dollars(already * 100)} and saves ${dollars(weekly * 100)} each week.`,
    ],
    question: `In how many weeks can ${who.name} buy the ${thing.one}?`,
    steps: [`${who.name} still needs ${missing.text}.`, `At ${dollars(weekly * 100)} a week this takes ${needed.text} weeks.`],
    answer: `${needed.value} weeks`,
  };
};

const profit: Template = (random) => {
  const who = person(random);
  const thing = random.pick(GOODS);
  const [sold, price] = [random.between(5, 40), random.between(2, 6) * 100];
  const income = timesPrice(sold, price);
  const spent = random.between(3, Math.max(4, Math.floor(income.value / 200))) * 100;
  const earned = minusPrice(income.value, spent);
  return {
    facts: [
      `${who.name} sold ${count(sold, thing)} for ${dollars(price)} each at ${random.pick(SHOPS)}.`,
      `${who.their === 'her' ? 'Her' : 'His'} costs were ${dollars(spent)}.`,
    ],
    question: `What was ${who.name}'s profit?`,
    steps: [`The sales brought ${income.text}.`, `The profit was ${earned.text}.`],
    answer: dollars(earned.value),
  };
};

const cents: Template = (random) => {
  const who = person(random);
  const [first, second] = twoThings(random, GOODS);
  const [one, two] = [random.between(2, 19) * 25, random.between(2, 19) * 25];
  const number = random.between(2, 8);
  const row = timesPrice(number, one);
  const both = plusPrice(row.value, two);
  return {
    facts: [`${who.name} put ${count(number, first)} at ${dollars(one)} each and one ${second.one} at ${dollars(two)} into the cart.`],
    question: 'What is the bill?',
    steps: [`The ${first.many}: ${row.text}.`, `With the ${second.one} the bill is ${both.text}.`],
    answer: dollars(both.value),
  };
};

const cheaperShop: Template = (random) => {
  const [first, second] = twoPeople(random);
  const thing = random.pick(WARES);
  const [high, gap] = [random.between(10, 90), random.between(1, 9)];
  const number = random.between(2, 9);
  const saved = minusPrice(high * 100, (high - gap) * 100);
  const all = timesPrice(number, saved.value);
  return {
    facts: [
      `${first.name} paid ${dollars(high * 100)} for a ${thing.one}, and ${second.name} found the same ${thing.one} for ${dollars((high - gap) * 100)}.`,
      `A club wants ${count(number, thing)}.`,
    ],
    question: 'How much does the club save with the cheaper price?',
    steps: [`Each ${thing.one} is cheaper by ${saved.text}.`, `The club saves ${all.text}.`],
    answer: dollars(all.value),
  };
};

const gifts: Template = (random) => {
  const who = person(random);
  const spent = [random.between(5, 60), random.between(5, 60), random.between(5, 60)].map((value) => value * 100);
  const relatives = random.shuffled(RELATIVES).slice(0, 3);
  const total = plusPrice(...spent);
  const budget = Math.ceil(total.value / 5000) * 5000;
  const left = minusPrice(budget, total.value);
  return {
    facts: [
      `In ${random.pick(MONTHS)} ${who.name} had ${dollars(budget)} for gifts.`,
      `${who.they === 'she' ? 'She' : 'He'} spent ${relatives.map((relative, index) => `${dollars(spent[index]!)} on ${who.their} ${relative}`).join(', ')}.`,
    ],
    question: 'How much money was left?',
    steps: [`The gifts cost ${total.text}.`, `There was ${left.text} left.`],
    answer: dollars(left.value),
  };
};

const restock: Template = (random) => {
  const thing = random.pick(GOODS);
  const [start, morning, noon] = [random.between(40, 120), random.between(3, 19), random.between(3, 19)];
  const delivered = random.between(10, 60);
  const sold = plus(morning, noon);
  const left = minus(start, sold.value);
  const evening = plus(left.value, delivered);
  return {
    facts: [
      `A baker had ${count(start, thing)} in the window.`,
      `${morning} were sold in the morning and ${noon} at noon.`,
      `Then the oven gave ${delivered} more.`,
    ],
    question: `How many ${thing.many} are in the window now?`,
    steps: [`${sold.text} were sold.`, `${left.text} were left.`, `With the new ones there are ${counted(evening, thing)}.`],
    answer: count(evening.value, thing),
  };
};

export const shopping: readonly Template[] = [packs, change, twoKinds, discount, saving, profit, cents, cheaperShop, gifts, restock];

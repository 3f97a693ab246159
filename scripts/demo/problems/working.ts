import { counted, dollars, minus, over, plus, plusPrice, times, timesPrice } from '../equation.js';
import { capital, count, DAYS, person, PLACES, PRODUCTS, twoPeople } from '../lexicon.js';
import type { Template } from './template.js';

const wages: Template = (random) => {
  const who = person(random);
  const [hours, rate, bonus] = [random.between(2, 12), random.between(8, 30) * 100, random.between(5, 50) * 100];
  const pay = timesPrice(hours, rate);
  const total = plusPrice(pay.value, bonus);
  return {
    facts: [
      `${who.name} earns ${dollars(rate)} an hour.`,
      `On ${random.pick(DAYS)} ${who.they} worked ${hours} hours and got a bonus of ${dollars(bonus)}.`,
    ],
    question: `How much did ${who.name} earn that day?`,
    steps: [`For ${hours} hours the pay is ${pay.text}.`, `With the bonus it is ${total.text}.`],
    answer: dollars(total.value),
  };
};

const week: Template = (random) => {
  const who = person(random);
  const [days, hours, rate] = [random.between(2, 6), random.between(2, 9), random.between(5, 20) * 100];
  const all = times(days, hours);
  const pay = timesPrice(all.value, rate);
  return {
    facts: [`${who.name} works ${days} days a week, ${hours} hours each day, for ${dollars(rate)} an hour.`],
    question: `What does ${who.name} earn in a week?`,
    steps: [`${capital(who.they)} works ${all.text} hours a week.`, `The pay is ${pay.text}.`],
    answer: dollars(pay.value),
  };
};

const machine: Template = (random) => {
  const thing = random.pick(PRODUCTS);
  const [rate, minutes, faulty] = [random.between(3, 25), random.between(4, 30), random.between(1, 11)];
  const made = times(rate, minutes);
  const good = minus(made.value, faulty);
  return {
    facts: [
      `A machine makes ${count(rate, thing)} a minute.`,
      `It runs for ${minutes} minutes, and ${faulty} of the ${thing.many} are faulty.`,
    ],
    question: `How many good ${thing.many} does it make?`,
    steps: [`The machine makes ${counted(made, thing)}.`, `Without the faulty ones there are ${good.text} good ${thing.many}.`],
    answer: count(good.value, thing),
  };
};

const order: Template = (random) => {
  const thing = random.pick(PRODUCTS);
  const [daily, days, ready] = [random.between(4, 40), random.between(2, 9), random.between(5, 60)];
  const size = ready + daily * days;
  const missing = minus(size, ready);
  const needed = over(missing.value, daily);
  return {
    facts: [`A workshop has an order for ${count(size, thing)}.`, `${ready} are ready, and the workshop makes ${daily} a day.`],
    question: 'How many more days does the order take?',
    steps: [`${counted(missing, thing)} are missing.`, `That takes ${needed.text} days.`],
    answer: `${needed.value} days`,
  };
};

const reading: Template = (random) => {
  const who = person(random);
  const [daily, days, read] = [random.between(5, 30), random.between(2, 12), random.between(10, 80)];
  const pages = read + daily * days;
  const left = minus(pages, read);
  const needed = over(left.value, daily);
  return {
    facts: [
      `${who.name} is reading a book with ${pages} pages.`,
      `So far ${who.they} has read ${read} pages.`,
      `From now on ${who.they} reads ${daily} pages a day.`,
    ],
    question: `How many days does ${who.name} need for the rest?`,
    steps: [`There are ${left.text} pages left.`, `${who.name} needs ${needed.text} days.`],
    answer: `${needed.value} days`,
  };
};

const pagesTwice: Template = (random) => {
  const who = person(random);
  const [first, factor] = [random.between(8, 45), random.between(2, 4)];
  const second = times(first, factor);
  const both = plus(first, second.value);
  return {
    facts: [
      `${who.name} read ${first} pages on ${random.pick(DAYS)}.`,
      `The next day ${who.they} read ${factor === 2 ? 'twice' : `${factor} times`} as many.`,
    ],
    question: `How many pages did ${who.name} read in the two days?`,
    steps: [`On the next day ${who.they} read ${second.text} pages.`, `In the two days ${who.they} read ${both.text} pages.`],
    answer: `${both.value} pages`,
  };
};

const pump: Template = (random) => {
  const [rate, minutes, start] = [random.between(2, 20), random.between(3, 25), random.between(5, 90)];
  const added = times(rate, minutes);
  const total = plus(start, added.value);
  return {
    facts: [`A tank holds ${start} liters of water.`, `A pump adds ${rate} liters a minute for ${minutes} minutes.`],
    question: 'How much water is in the tank then?',
    steps: [`The pump adds ${added.text} liters.`, `The tank then holds ${total.text} liters.`],
    answer: `${total.value} liters`,
  };
};

const practice: Template = (random) => {
  const who = person(random);
  const minutes = random.pick([15, 20, 25, 30, 40, 45]);
  const days = random.between(Math.ceil(60 / minutes), 7);
  const all = times(minutes, days);
  const whole = Math.floor(all.value / 60);
  const rest = minus(all.value, whole * 60);
  const facts = [`${who.name} practices the ${random.pick(['piano', 'violin', 'guitar', 'flute', 'drums'])} for ${minutes} minutes a day.`];
  return {
    facts,
    question: `How long does ${who.name} practice in ${days} days?`,
    steps: [
      `In ${days} days it is ${all.text} minutes.`,
      `${whole === 1 ? '1 hour has 60 minutes' : `${times(whole, 60).text} minutes are ${whole} hours`}, and ${rest.text} minutes remain.`,
    ],
    answer: `${whole === 1 ? '1 hour' : `${whole} hours`} and ${rest.value} minutes`,
  };
};

const chores: Template = (random) => {
  const [first, second] = twoPeople(random);
  const chore = random.pick(['washing cars', 'walking dogs', 'raking leaves', 'mowing lawns', 'painting fences', 'selling juice']);
  const [one, two] = [random.between(5, 60) * 100, random.between(5, 60) * 100];
  const both = plusPrice(one, two);
  const even = both.value % 200 === 0;
  const facts = [`${first.name} made ${dollars(one)} and ${second.name} made ${dollars(two)} ${chore} near ${random.pick(PLACES)}.`];
  if (!even)
    return {
      facts,
      question: 'How much did they make together?',
      steps: [`Together they made ${both.text}.`],
      answer: dollars(both.value),
    };
  const half = over(both.value / 100, 2);
  return {
    facts: [...facts, 'They want to share the money equally.'],
    question: 'How much does each of them get?',
    steps: [`Together they made ${both.text}.`, `Each gets ${half.text} dollars.`],
    answer: dollars(half.value * 100),
  };
};

export const working: readonly Template[] = [wages, week, machine, order, reading, pagesTwice, pump, practice, chores];

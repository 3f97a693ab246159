import { minus, over, plus, plusTimes, times } from '../equation.js';
import { capital, DAYS, MONTHS, person, PLACES, TOWNS } from '../lexicon.js';
import type { Template } from './template.js';

const speed: Template = (random) => {
  const who = person(random);
  const [from, to] = random.shuffled(TOWNS);
  const [hours, rate] = [random.between(2, 9), random.pick([12, 15, 20, 30, 40, 45, 50, 55, 60, 65, 70, 80])];
  const distance = times(hours, rate);
  return {
    facts: [
      `${who.name} ${random.pick(['drove', 'rode', 'travelled'])} from ${from!} to ${to!} at ${rate} miles per hour.`,
      `The trip took ${hours} hours.`,
    ],
    question: `How far is it from ${from!} to ${to!}?`,
    steps: [`The distance is ${distance.text} miles.`],
    answer: `${distance.value} miles`,
  };
};

const arrival: Template = (random) => {
  const [from, to] = random.shuffled(TOWNS);
  const [hours, rate] = [random.between(2, 8), random.between(3, 16) * 5];
  const distance = hours * rate;
  const time = over(distance, rate);
  return {
    facts: [
      `It is ${distance} miles from ${from!} to ${to!}.`,
      `A ${random.pick(['train', 'bus', 'truck', 'car', 'boat'])} goes ${rate} miles per hour.`,
    ],
    question: 'How many hours does the trip take?',
    steps: [`The trip takes ${time.text} hours.`, `To check, ${times(time.value, rate).text} miles.`],
    answer: `${time.value} hours`,
  };
};

const legsOfTrip: Template = (random) => {
  const who = person(random);
  const [first, second, third] = random.shuffled(TOWNS);
  const [one, two] = [random.between(5, 90), random.between(5, 90)];
  const total = one + two + random.between(5, 90);
  const done = plus(one, two);
  const left = minus(total, done.value);
  return {
    facts: [
      `The road from ${first!} to ${third!} is ${total} miles long.`,
      `${who.name} drove ${one} miles, had lunch in ${second!}, and drove ${two} miles more.`,
    ],
    question: `How many miles are left to ${third!}?`,
    steps: [`So far ${who.they} drove ${done.text} miles.`, `There are ${left.text} miles left.`],
    answer: `${left.value} miles`,
  };
};

const roundTrip: Template = (random) => {
  const who = person(random);
  const [oneWay, days] = [random.between(2, 25), random.between(2, 7)];
  const daily = times(oneWay, 2);
  const all = times(daily.value, days);
  return {
    facts: [`${who.name} lives ${oneWay} miles from ${random.pick(PLACES)} and goes there and back every day.`],
    question: `How many miles are that in ${days} days?`,
    steps: [`There and back is ${daily.text} miles.`, `In ${days} days it is ${all.text} miles.`],
    answer: `${all.value} miles`,
  };
};

const buses: Template = (random) => {
  const [seats, full, more] = [random.pick([20, 24, 30, 32, 40, 45, 50]), random.between(1, 6), random.between(2, 15)];
  const filled = times(full, seats);
  const people = filled.value + more;
  const rest = minus(people, filled.value);
  return {
    facts: [`${people} people want to go to ${random.pick(PLACES)} by bus.`, `Each bus has ${seats} seats.`],
    question: 'How many buses are needed?',
    steps: [
      `${full === 1 ? '1 full bus carries' : `${full} full buses carry`} ${filled.text} people.`,
      `${rest.text} people need one more bus, so ${plus(full, 1).text}.`,
    ],
    answer: `${full + 1} buses`,
  };
};

const stops: Template = (random) => {
  const [start, off, on] = [random.between(12, 60), random.between(1, 11), random.between(1, 20)];
  const after = minus(start, off);
  const then = plus(after.value, on);
  return {
    facts: [`A bus left ${random.pick(TOWNS)} with ${start} passengers.`, `At the first stop ${off} got off and ${on} got on.`],
    question: 'How many passengers are on the bus now?',
    steps: [`After ${off} got off there were ${after.text}.`, `After ${on} got on there were ${then.text}.`],
    answer: `${then.value} passengers`,
  };
};

const clock: Template = (random) => {
  const [hour, start, length] = [random.between(1, 11), random.between(1, 11) * 5, random.between(2, 11) * 5];
  const sum = plus(start, length);
  const facts = [`A film begins at ${time(hour, start)} and lasts ${length} minutes.`];
  const question = 'When does the film end?';
  if (sum.value < 60) {
    return { facts, question, steps: [`${sum.text} minutes past ${hour}.`], answer: time(hour, sum.value) };
  }
  const rest = minus(sum.value, 60);
  const next = plus(hour, 1);
  return {
    facts,
    question,
    steps: [`${sum.text} minutes, which is an hour and ${rest.text} minutes.`, `The hour is ${next.text}.`],
    answer: time(next.value, rest.value),
  };
};

const fuel: Template = (random) => {
  const who = person(random);
  const [perGallon, gallons, price] = [random.between(15, 50), random.between(2, 12), random.between(2, 5)];
  const distance = perGallon * gallons;
  const used = over(distance, perGallon);
  const cost = times(used.value, price);
  return {
    facts: [`${who.name}'s car goes ${perGallon} miles on a gallon of fuel.`, `A gallon costs ${price} dollars.`],
    question: `What does the fuel for ${distance} miles cost?`,
    steps: [`${capital(who.they)} needs ${used.text} gallons.`, `The fuel costs ${cost.text} dollars.`],
    answer: `${cost.value} dollars`,
  };
};

const steps: Template = (random) => {
  const who = person(random);
  const [first, daily, days] = [random.between(2, 20), random.between(2, 9), random.between(2, 6)];
  const total = plusTimes(first, daily, days);
  return {
    facts: [
      `In ${random.pick(MONTHS)} ${who.name} began to run.`,
      `On ${random.pick(DAYS)} ${who.they} ran ${first} laps, and on each of the next ${days} days ${daily} laps.`,
    ],
    question: `How many laps did ${who.name} run?`,
    steps: [`${capital(who.they)} ran ${total.text} laps.`],
    answer: `${total.value} laps`,
  };
};

function time(hour: number, minute: number): string {
  return `${hour}:${String(minute).padStart(2, '0')}`;
}

export const travelling: readonly Template[] = [speed, arrival, legsOfTrip, roundTrip, buses, stops, clock, fuel, steps];

import type { Thing } from './lexicon.js';

/** A line of arithmetic as a reader sees it, and the number behind it. Values are whole numbers. */
export interface Equation {
  /** "24 + 13 = 37". */
  readonly text: string;
  readonly value: number;
}

/** 24 + 13 = 37, of two or more terms. */
export function plus(...terms: readonly number[]): Equation {
  return equation(
    terms.join(' + '),
    terms.reduce((sum, term) => sum + term, 0),
  );
}

/** 37 - 9 = 28. */
export function minus(from: number, ...terms: readonly number[]): Equation {
  return equation(
    [from, ...terms].join(' - '),
    terms.reduce((rest, term) => rest - term, from),
  );
}

/** 4 x 12 = 48, of two or more factors. */
export function times(...factors: readonly number[]): Equation {
  return equation(
    factors.join(' x '),
    factors.reduce((product, factor) => product * factor, 1),
  );
}

/** 48 / 4 = 12. Throws where the division leaves a remainder. */
export function over(dividend: number, divisor: number): Equation {
  if (dividend % divisor !== 0) throw new RangeError(`a division in a story must come out even, got ${dividend} / ${divisor}`);
  return equation(`${dividend} / ${divisor}`, dividend / divisor);
}

/** 20 + 4 x 12 = 68: a sum of which the last term is a product. */
export function plusTimes(term: number, left: number, right: number): Equation {
  return equation(`${term} + ${left} x ${right}`, term + left * right);
}

/** "$12" or, with cents, "$2.50". */
export function dollars(cents: number): string {
  return cents % 100 === 0 ? `$${cents / 100}` : `$${(cents / 100).toFixed(2)}`;
}

/** 4 x $2.50 = $10, in cents. */
export function timesPrice(quantity: number, cents: number): Equation {
  return { text: `${quantity} x ${dollars(cents)} = ${dollars(quantity * cents)}`, value: quantity * cents };
}

/** $10 + $2.50 = $12.50, in cents. */
export function plusPrice(...cents: readonly number[]): Equation {
  const total = cents.reduce((sum, term) => sum + term, 0);
  return { text: `${cents.map(dollars).join(' + ')} = ${dollars(total)}`, value: total };
}

/** $20 - $12.50 = $7.50, in cents. */
export function minusPrice(from: number, cents: number): Equation {
  return { text: `${dollars(from)} - ${dollars(cents)} = ${dollars(from - cents)}`, value: from - cents };
}

/** "24 + 13 = 37 cards", "2 - 1 = 1 card". */
export function counted(step: Equation, thing: Thing): string {
  return `${step.text} ${step.value === 1 ? thing.one : thing.many}`;
}

function equation(left: string, value: number): Equation {
  return { text: `${left} = ${value}`, value };
}

const EQUATION = /((?:\$?\d+(?:\.\d\d)? [-+x*/] )+\$?\d+(?:\.\d\d)?) = (\$?\d+(?:\.\d\d)?)/g;

/** How many equations ("3 x $2.50 = $7.50") a text holds. */
export function countEquations(text: string): number {
  return [...text.matchAll(EQUATION)].length;
}

/** The equations of a text whose right side is not what the left side comes to, worked out in whole hundredths. */
export function wrongEquations(text: string): string[] {
  return Array.from(text.matchAll(EQUATION))
    .filter(([, left, right]) => valueOf(left!) !== hundredths(right!) / 100)
    .map(([equation]) => equation);
}

/** Products and quotients first, from left to right, then sums and differences. */
function valueOf(expression: string): number {
  const [first, ...rest] = expression.split(' ');
  const terms = [hundredths(first!)];
  for (let at = 0; at < rest.length; at += 2) {
    const [operator, operand] = [rest[at]!, hundredths(rest[at + 1]!)];
    if (operator === '+') terms.push(operand);
    else if (operator === '-') terms.push(-operand);
    else if (operator === '/') terms.push((terms.pop()! * 100) / operand);
    else terms.push((terms.pop()! * operand) / 100);
  }
  return terms.reduce((sum, term) => sum + term, 0) / 100;
}

function hundredths(number: string): number {
  return Math.round(Number(number.replace('$', '')) * 100);
}

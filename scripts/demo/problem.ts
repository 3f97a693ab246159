import type { Random } from '../../src/math/random.js';
import { counting } from './problems/counting.js';
import { measuring } from './problems/measuring.js';
import { runningTotal } from './problems/running-total.js';
import { sharing } from './problems/sharing.js';
import { shopping } from './problems/shopping.js';
import type { Problem, Template } from './problems/template.js';
import { travelling } from './problems/travelling.js';
import { working } from './problems/working.js';

export const TEMPLATES: readonly Template[] = [runningTotal, ...counting, ...shopping, ...working, ...travelling, ...measuring, ...sharing];

/** A word problem with right arithmetic. One in five is a running total, the kind with the most shapes. */
export function drawProblem(random: Random): Problem {
  return random.chance(0.2) ? runningTotal(random) : random.pick(TEMPLATES)(random);
}

import { escaped } from '../../charts/markup.js';
import type { AuditReport, CheckpointDynamics, DynamicsExample, JoinCounts, ReferenceDynamics } from '../report-data.js';
import { className } from './distribution-section.js';
import { heatClass, LOSS_SCALE } from './heat-scale.js';
import { countText, deltaText, natsText, percentText } from './number-text.js';
import { counted, type Section } from './section.js';
import { table, type Column } from './table.js';
import { nameText, plainText, shortHash, visibleText } from './visible-text.js';

type Category = CheckpointDynamics['categories'][number];

const MEANINGS: Readonly<Record<Category['category'], string>> = {
  'H->H': 'stays high: not learned, noise among it',
  'L->H': 'rises: forgotten',
  'H->L': 'falls: being learned',
  'L->L': 'stays low: known all along',
};

/** How the losses of tokens move from checkpoint to checkpoint, or what one run can say of it. */
export function dynamicsSection({ dynamics }: AuditReport): Section {
  const section = { id: 'dynamics', title: 'Token dynamics' };
  return { ...section, body: dynamics.kind === 'reference' ? referenceOnly(dynamics) : checkpoints(dynamics) };
}

function referenceOnly({ mean, low, high }: ReferenceDynamics): string {
  return `<p>By this run alone, ${percentText(high.share)} of the tokens (${countText(high.tokens)}) are reference-high, above its mean loss of ${natsText(mean)} nats, and ${percentText(low.share)} (${countText(low.tokens)}) are reference-low.
The categories of Rho-1 (H→H, L→H, H→L, L→L) need the losses at several checkpoints of one model: <code>--dynamics</code>.</p>`;
}

function checkpoints({ checkpoints: list, joined, tokens, change, mean, categories }: CheckpointDynamics): string {
  const columns: Column<Category>[] = [
    { head: 'category', kind: 'text', cell: ({ category }) => `<strong>${arrow(category)}</strong>` },
    { head: 'meaning', kind: 'text', cell: ({ category }) => MEANINGS[category] },
    { head: 'tokens', kind: 'number', cell: ({ tokens }) => countText(tokens) },
    { head: 'share', kind: 'number', cell: ({ share }) => percentText(share) },
    ...list.map((_, at) => ({ head: `mean ${at + 1}`, kind: 'number' as const, cell: ({ means }: Category) => natsText(means?.[at] ?? null) })),
    { head: 'kinds of token', kind: 'text', cell: kinds },
  ];
  return `<p>A line is fitted to each token's losses over ${counted(list.length, 'checkpoint')}. A fall of more than ${natsText(Math.abs(change))} nats from the first to the last is H→L, a rise of as much L→H;
what moves less is H→H or L→L, by whether its last loss is above the mean there, ${natsText(mean)} nats. ${joinText(joined)} Shares are of the ${counted(tokens, 'token')} with a loss at every checkpoint.</p>
<ol class="checkpoints">${list.map(({ run, modelHash, mean: at }) => `<li><code>${escaped(plainText(run))}</code>, model ${shortHash(modelHash)}, mean ${natsText(at)} nats</li>`).join('')}</ol>
${table({ caption: 'Tokens by how their loss moves', columns, rows: categories })}
${categories.map(examples).join('\n')}`;
}

function arrow(category: Category['category']): string {
  return category.replace('->', '→');
}

function kinds({ byClass, tokens }: Category): string {
  if (byClass === null || tokens === 0) return '';
  return byClass
    .toSorted((a, b) => b.tokens - a.tokens)
    .slice(0, 3)
    .map((entry) => `${className(entry.class)} ${percentText(entry.tokens / tokens)}`)
    .join(', ');
}

function examples({ category, examples: list }: Category): string {
  if (list.length === 0) return '';
  const columns: Column<DynamicsExample>[] = [
    { head: 'token in its text', kind: 'text', cell: ({ before, token, after, losses }) => `<span class="context" dir="auto">${visibleText(before)}<span class="${heatClass(LOSS_SCALE, losses.at(-1)!)}">${visibleText(token)}</span>${visibleText(after)}</span>` },
    { head: 'losses, nats', kind: 'number', cell: ({ losses }) => losses.map(natsText).join(' → ') },
    { head: 'change', kind: 'number', cell: ({ losses }) => deltaText(losses.at(-1)! - losses[0]!) },
    { head: 'document', kind: 'text', cell: ({ id }) => nameText(id) },
    { head: 'position', kind: 'number', cell: ({ position }) => countText(position) },
  ];
  return `<details><summary>Examples of ${arrow(category)}</summary>${table({ caption: `Examples of ${arrow(category)}`, columns, rows: list })}</details>`;
}

/** What the runs have in common. */
export function joinText({ documents, tokens, unmatched }: JoinCounts): string {
  const left = unmatched === 0 ? '' : `; ${counted(unmatched, 'document')} of this run ${unmatched === 1 ? 'is' : 'are'} not in the others`;
  return `Over ${counted(tokens, 'token')} of ${counted(documents, 'document')} that the runs share${left}.`;
}

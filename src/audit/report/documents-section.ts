import { escaped } from '../../charts/markup.js';
import type { AuditReport, SampledDocument } from '../report-data.js';
import { EXCESS_SCALE, LOSS_SCALE } from './heat-scale.js';
import { heatLegend, heatmap } from './heatmap.js';
import { countText, natsText } from './number-text.js';
import { counted, type Section } from './section.js';
import { nameText, plainText } from './visible-text.js';

/** Characters of a document's one-line excerpt. */
const EXCERPT = 90;

export function documentsSection({ documents }: AuditReport): Section {
  const { noisiest, quietest, random, leastTokens, candidates, seed, hasText } = documents;
  const hasExcess = [...noisiest, ...quietest, ...random].some(({ text }) => text.excess !== null);
  const among = `among ${counted(candidates, 'document')} of at least ${countText(leastTokens)} tokens with a loss`;
  const lists = [
    { title: 'Noisiest', note: `The highest mean loss, ${among}.`, list: noisiest, open: 2 },
    { title: 'Quietest', note: `The lowest mean loss, ${among}: what the model knows by heart, boilerplate above all.`, list: quietest, open: 1 },
    { title: 'A random sample', note: `Drawn from ${counted(documents.documents, 'document')} with the seed ${plainText(seed)}: what the run looks like on the whole.`, list: random, open: 1 },
  ];
  return {
    id: 'documents',
    title: 'Documents, token by token',
    body: `<div class="how">
${hasExcess ? toggle() : ''}
<div class="scales">${heatLegend(LOSS_SCALE)}${hasExcess ? heatLegend(EXCESS_SCALE) : ''}</div>
<ul class="marks">
<li><span class="un">word</span> not scored</li>
<li><span class="sp">&lt;s&gt;</span> special token</li>
<li><span class="st" data-b="window 2"></span>a window begins</li>
<li><span><i> </i></span> space, <span><i class="tab">	</i></span> tab, <span><i class="lf"></i></span> line end</li>
<li><span><b>RLO</b></span> invisible character</li>
<li><span class="pt"><b>⋯</b></span> part of a character</li>
${hasExcess ? '<li><span class="kp">word</span> kept by the selection</li>' : ''}
</ul>
<p class="legend">The further a token’s colour is to the right of the scale, the less the model expected it.${hasExcess ? ' By excess loss, blue tokens are those the live model knows better than the reference model, orange ones those it can still learn.' : ''}${hasText ? '' : ' The tokenizer was not found: tokens are shown by their ids.'}</p>
</div>
${lists.map(({ title, note, list, open }) => `<h3>${title}</h3>\n<p class="legend">${escaped(note)}</p>\n${list.length === 0 ? '<p>None.</p>' : list.map((document, at) => documentMarkup(document, at, at < open)).join('\n')}`).join('\n')}`,
  };
}

/** Which colours are shown; the style sheet looks at what is checked. */
function toggle(): string {
  return `<fieldset class="toggle"><legend>Colour by</legend><label><input type="radio" name="heat" id="by-excess" checked> excess loss</label><label><input type="radio" name="heat" id="by-loss"> loss</label></fieldset>`;
}

function documentMarkup(document: SampledDocument, at: number, open: boolean): string {
  const { id, source, docHash, unit, row, tokens, scored, meanLoss } = document;
  const name = escaped(plainText(id));
  const scoredText = scored === tokens ? '' : `${countText(scored)} of ${counted(tokens, 'token')} with a loss; `;
  return `<details class="document"${open ? ' open' : ''}>
<summary><span class="rank">${at + 1}</span><span class="loss">${natsText(meanLoss)}</span><span class="id">${name}</span><span class="source">${escaped(plainText(source))}</span><span class="size">${counted(tokens, 'token')}</span><span class="excerpt">${escaped(excerpt(document))}</span></summary>
${heatmap(document)}
<p class="origin">${nameText(id)}: ${scoredText}unit ${countText(unit)}, row ${countText(row)} of its shard; source ${nameText(source)}; sha256 <code>${escaped(plainText(docHash))}</code></p>
</details>`;
}

function excerpt({ text }: SampledDocument): string {
  const beginning = Array.from(plainText(text.pieces.slice(0, EXCERPT).join('')).trim());
  return beginning.length > EXCERPT ? `${beginning.slice(0, EXCERPT).join('')}…` : beginning.join('');
}

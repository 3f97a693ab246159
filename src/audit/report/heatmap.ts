import { escaped } from '../../charts/markup.js';
import type { SampledDocument, TokenStrip } from '../report-data.js';
import { EXCESS_SCALE, heatClass, LOSS_SCALE, type HeatScale } from './heat-scale.js';
import { countText } from './number-text.js';
import { plainText, visibleText } from './visible-text.js';

/**
 * Most markup of one document, in UTF-8 bytes, so that thirty of them leave room below 5 MB. Ordinary text needs half of it; text that is made to be
 * long in markup is cut, and the report says where.
 */
const MARKUP_BYTES = 90_000;

/**
 * The tokens of a document on the colours of their losses. Each token is a <span> that holds its text and, in data attributes, what the script shows of
 * it: id (i), loss (l), entropy (e), excess (x). Colours and texts need no script.
 */
export function heatmap(document: SampledDocument): string {
  const { text, id } = document;
  const roles = rolesOf(text);
  let markup = '';
  let bytes = 0;
  let shown = 0;
  for (; shown < text.ids.length; shown++) {
    const token = tokenMarkup(text, shown, roles[shown]!);
    bytes += Buffer.byteLength(token);
    if (bytes > MARKUP_BYTES) break;
    markup += token;
  }
  const rest = document.tokens - shown;
  const cut = rest === 0 ? '' : `<p class="cut">${countText(rest)} more tokens of ${countText(document.tokens)} are not shown.</p>`;
  return `<p class="status" role="status"></p>
<div class="tokens" dir="auto" data-name="${escaped(plainText(`Tokens of ${id}`))}">${markup}</div>${cut}`;
}

interface Roles {
  /** Class names, and what stands before the token. */
  readonly classes: readonly string[];
  readonly before: string | null;
}

function rolesOf({ ids, special, partial, windowStarts, documentStarts, cutPieces, kept }: TokenStrip): readonly Roles[] {
  const [specials, partials, cuts] = [new Set(special), new Set(partial), new Set(cutPieces)];
  const windows = new Map(windowStarts.map((at, window) => [at, `window ${window + 2}`]));
  const documents = new Set(documentStarts);
  return ids.map((_, at) => {
    const before = documents.has(at) ? 'document' : (windows.get(at) ?? null);
    const classes = [
      ...(specials.has(at) ? ['sp'] : []),
      ...(partials.has(at) ? ['pt'] : []),
      ...(cuts.has(at) ? ['ct'] : []),
      ...(kept?.[at] === 1 ? ['kp'] : []),
      ...(before === null ? [] : ['st']),
    ];
    return { classes, before };
  });
}

function tokenMarkup({ ids, pieces, losses, entropies, excess }: TokenStrip, at: number, { classes, before }: Roles): string {
  const loss = losses[at] ?? null;
  const difference = excess?.[at] ?? null;
  const heat = loss === null ? ['un'] : [heatClass(LOSS_SCALE, loss), ...(excess === null ? [] : [difference === null ? 'ux' : heatClass(EXCESS_SCALE, difference)])];
  const values = [
    ['i', ids[at]!],
    ['l', loss],
    ['e', entropies?.[at] ?? null],
    ['x', difference],
    ['b', before],
  ] as const;
  const data = values.map(([key, value]) => (value === null ? '' : ` data-${key}="${value}"`)).join('');
  const piece = pieces[at]!;
  return `<span class="${[...heat, ...classes].join(' ')}"${data}>${piece === '' ? '<b>⋯</b>' : visibleText(piece)}</span>`;
}

/** The colours of a scale with the nats between them. */
export function heatLegend(scale: HeatScale): string {
  const { steps, edges, kind } = scale;
  const cell = 26;
  const width = cell * steps.length;
  const labelled = edges.map((edge, at) => ({ edge, at })).filter(({ edge, at }) => (kind === 'excess' ? Number.isInteger(Math.log2(Math.abs(edge)) / 2) : at % 2 === 0));
  const rectangles = steps.map(({ className }, step) => `<rect class="${className}" x="${step * cell}" y="0" width="${cell}" height="14"/>`);
  const labels = labelled.map(({ edge, at }) => `<line class="tick" x1="${(at + 1) * cell}" x2="${(at + 1) * cell}" y1="14" y2="18"/><text x="${(at + 1) * cell}" y="30" text-anchor="middle">${String(Number(edge.toPrecision(3))).replace('-', '−')}</text>`);
  const name = kind === 'loss' ? 'loss of the token in nats: expected at the left, surprising at the right' : 'excess loss in nats, live minus reference';
  return `<figure class="scale ${kind}"><svg viewBox="-1 -1 ${width + 2} 34" role="img" aria-label="${escaped(`Colours: ${name}; steps at ${labelled.map(({ edge }) => edge).join(', ')}`)}">${rectangles.join('')}<rect class="frame" x="0" y="0" width="${width}" height="14"/>${labels.join('')}</svg><figcaption>${name}</figcaption></figure>`;
}

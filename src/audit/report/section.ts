import { escaped } from '../../charts/markup.js';
import { countText } from './number-text.js';

/** A part of the page, with an address of its own and a line in the list of contents. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** Markup below the heading. */
  readonly body: string;
}

export function sectionMarkup({ id, title, body }: Section): string {
  return `<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${escaped(title)}</h2>
${body}
</section>`;
}

/** How grave something is: said by a word and a shape, and by a colour besides. */
export type Level = 'ok' | 'watch' | 'alarm' | 'none';

const SHAPES: Readonly<Record<Level, string>> = { ok: '●', watch: '▲', alarm: '■', none: '○' };

export function levelMark(level: Level, word: string): string {
  return `<span class="level ${level}"><span aria-hidden="true">${SHAPES[level]}</span> ${escaped(word)}</span>`;
}

/** "1 document", "2,000 documents" */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${countText(count)} ${count === 1 ? noun : plural}`;
}

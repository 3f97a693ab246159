/**
 * What the page does beyond showing itself: exact values of tokens, under the pointer in a box beside it, and in a line of text for pointer and keyboard.
 * A document is one stop of the Tab key (a list box with a roving tabindex); arrow keys, Home and End move inside it. Plain JavaScript as the browser gets it.
 */
export const PAGE_SCRIPT = `'use strict';
const tip = document.querySelector('.tip');
let pointed = null;
const hint = 'Arrow keys move from token to token.';

for (const strip of document.querySelectorAll('.tokens')) {
  const tokens = Array.from(strip.querySelectorAll('span[data-i]'));
  if (tokens.length === 0) continue;
  const status = strip.parentElement.querySelector('.status');
  let current = tokens[0];
  strip.setAttribute('role', 'listbox');
  strip.setAttribute('aria-label', strip.dataset.name + '. ' + hint);
  for (const token of tokens) {
    token.setAttribute('role', 'option');
    token.setAttribute('aria-selected', 'false');
    if (token.textContent.trim() === '') token.setAttribute('aria-label', spoken(token.textContent));
    token.tabIndex = -1;
  }
  current.tabIndex = 0;

  strip.addEventListener('pointerover', (event) => {
    const token = event.target.closest('span[data-i]');
    if (token !== null) show(token);
  });
  strip.addEventListener('pointerleave', () => {
    if (strip.contains(document.activeElement)) show(current);
    else clear();
  });
  strip.addEventListener('focusin', (event) => {
    const token = event.target.closest('span[data-i]');
    if (token === null) return;
    choose(token);
    show(token);
  });
  strip.addEventListener('focusout', clear);
  strip.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') tip.hidden = true;
    const next = target(event.key);
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
  });

  function target(key) {
    const at = tokens.indexOf(current);
    switch (key) {
      case 'ArrowRight': return tokens[Math.min(at + 1, tokens.length - 1)];
      case 'ArrowLeft': return tokens[Math.max(at - 1, 0)];
      case 'Home': return tokens[0];
      case 'End': return tokens[tokens.length - 1];
      case 'ArrowDown': return onNextLine(tokens.slice(at + 1), 1) ?? tokens[tokens.length - 1];
      case 'ArrowUp': return onNextLine(tokens.slice(0, at).reverse(), -1) ?? tokens[0];
    }
  }

  /** Of the tokens on the next line in a direction, the one that is nearest to the side. */
  function onNextLine(list, direction) {
    const from = current.getClientRects()[0];
    let line;
    let best;
    for (const token of list) {
      const box = token.getClientRects()[0];
      if (box === undefined || direction * (box.top - from.top) < from.height / 2) continue;
      line ??= box.top;
      if (Math.abs(box.top - line) > from.height / 2) break;
      const distance = Math.abs(box.left - from.left);
      if (best === undefined || distance < best.distance) best = { token, distance };
    }
    return best?.token;
  }

  function choose(token) {
    current.tabIndex = -1;
    current.setAttribute('aria-selected', 'false');
    current = token;
    current.tabIndex = 0;
    current.setAttribute('aria-selected', 'true');
  }

  function show(token) {
    const { i, l, e, x } = token.dataset;
    const loss = l === undefined ? 'not scored' : nats(l) + ' nats';
    const parts = [
      'token ' + tokens.indexOf(token),
      '“' + (token.textContent === '⋯' ? 'part of a character' : token.textContent.replaceAll('\\n', '↵').replaceAll('\\t', '→')) + '”',
      'id ' + i,
      l === undefined ? loss : 'loss ' + loss,
      ...(l === undefined ? [] : ['probability ' + percent(Math.exp(-l))]),
      ...(e === undefined || l === undefined ? [] : ['entropy ' + nats(e) + ' nats']),
      ...(x === undefined ? [] : ['excess ' + (x > 0 ? '+' : '') + nats(x) + ' nats' + (token.classList.contains('kp') ? ', kept' : ', dropped')]),
      ...(token.classList.contains('sp') ? ['special token'] : []),
      ...(token.classList.contains('pt') ? ['part of a character'] : []),
    ];
    status.textContent = parts.join(' · ');
    tip.textContent = x !== undefined && !document.querySelector('#by-loss')?.checked ? (x > 0 ? '+' : '') + nats(x) + ' nats' : loss;
    tip.hidden = false;
    pointed = token;
    place();
  }

  function clear() {
    status.textContent = '';
    tip.hidden = true;
    pointed = null;
  }
}

/** Below the token, where it hides neither the line of text above the document nor the token; above where there is no room; within the window at the sides. */
function place() {
  const box = pointed?.getClientRects()[0];
  if (box === undefined) return;
  const { width, height } = tip.getBoundingClientRect();
  const below = box.bottom + 4;
  tip.style.top = (below + height > innerHeight ? box.top - height - 4 : below) + 'px';
  tip.style.left = Math.max(4, Math.min(box.left, innerWidth - width - 4)) + 'px';
}

addEventListener('scroll', place, { passive: true });

/** White space has no sound of its own. */
function spoken(space) {
  const names = { ' ': 'space', '\\n': 'line end', '\\t': 'tab' };
  return Array.from(space.slice(0, 4), (character) => names[character] ?? 'white space').join(', ') + (space.length > 4 ? ', ' + space.length + ' in all' : '');
}

function nats(text) {
  return Number(text).toFixed(4).replace('-', '−');
}

function percent(share) {
  const value = share * 100;
  if (value >= 0.001 || value === 0) return Number(value.toPrecision(3)) + ' %';
  const [digits, power] = value.toExponential(1).split('e-');
  return digits + ' × 10⁻' + Array.from(power, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[digit]).join('') + ' %';
}
`;

import type { Random } from '../../src/math/random.js';

/** What does not belong into a text about numbers. */
export type NoiseKind = 'log-line' | 'serial-number' | 'hex-digest' | 'base64' | 'shuffled-words' | 'surname' | 'markup';

/** A stretch of noise of one kind, on one line. `clean` is a text of the same corpus to take the words of `shuffled-words` from. */
export function drawNoise(random: Random, kind: NoiseKind, clean: string): string {
  switch (kind) {
    case 'log-line':
      return logLine(random);
    case 'serial-number':
      return serialNumber(random);
    case 'hex-digest':
      return symbols(random, HEX, random.pick([32, 40, 64]));
    case 'base64':
      return base64(random);
    case 'shuffled-words':
      return shuffledWords(random, clean);
    case 'surname':
      return surname(random);
    case 'markup':
      return markup(random);
  }
}

const HEX = '0123456789abcdef';
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const UPPER = 'ABCDEFGHJKLMNPQRSTUVWXYZ';

function symbols(random: Random, alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(random.below(alphabet.length))).join('');
}

function logLine(random: Random): string {
  const two = (high: number): string => String(random.between(0, high)).padStart(2, '0');
  const stamp = `20${two(29)}-${String(random.between(1, 12)).padStart(2, '0')}-${String(random.between(1, 28)).padStart(2, '0')}T${two(23)}:${two(59)}:${two(59)}.${symbols(random, '0123456789', 3)}Z`;
  const level = random.pick(['INFO', 'WARN', 'ERROR', 'DEBUG', 'FATAL']);
  const unit = random.pick(['nginx', 'kernel', 'sshd', 'cron', 'httpd', 'dockerd', 'postgres', 'systemd', 'kubelet', 'redis']);
  const message = random.pick([
    () => `connection from 10.${random.below(256)}.${random.below(256)}.${random.below(256)} port ${random.between(1024, 65535)} refused`,
    () => `GET /static/${symbols(random, HEX, 8)}.js HTTP/1.1 ${random.pick([200, 304, 404, 502])} ${random.between(120, 99999)}`,
    () => `segfault at 0x${symbols(random, HEX, 12)} ip 0x${symbols(random, HEX, 12)} error ${random.between(4, 15)}`,
    () => `session ${symbols(random, HEX, 16)} closed after ${random.between(3, 90000)}ms uid=${random.between(0, 65535)}`,
    () => `disk sda${random.between(1, 9)} smartctl reallocated_sector_ct=${random.between(0, 4000)} tempC=${random.between(20, 70)}`,
    () => `java.lang.NullPointerException thread=worker-${random.between(1, 64)} heap=${random.between(64, 8192)}M`,
  ])();
  return `${stamp} ${level} ${unit}[${random.between(100, 32000)}]: ${message}`;
}

function serialNumber(random: Random): string {
  const parts = Array.from({ length: random.between(2, 4) }, () => symbols(random, `0123456789${UPPER}`, random.between(3, 6)));
  return `${random.pick(['SN', 'ID', 'REF', 'PN', 'LOT'])}-${parts.join('-')}`;
}

function base64(random: Random): string {
  const body = symbols(random, BASE64, random.between(12, 36) * 4 - 2);
  return `${body}==`;
}

function shuffledWords(random: Random, clean: string): string {
  const known = clean.match(/(?<![\p{L}\p{N}'])[A-Za-z]{2,}(?![\p{L}\p{N}'])/gu) ?? [];
  const drawn = random.shuffled(known).slice(0, random.between(8, 20));
  return drawn.join(' ');
}

/** A name nobody bears: syllables that seldom meet. */
function surname(random: Random): string {
  const onset = ['Vr', 'Zb', 'Kw', 'Thr', 'Gl', 'Szc', 'Dv', 'Mb', 'Pf', 'Hj', 'Qu', 'Wr', 'Ost', 'Ull', 'Yv', 'Xan'];
  const middle = ['azov', 'elmin', 'okrat', 'ubber', 'ynsk', 'aldor', 'evren', 'irgam', 'ontri', 'ughan'];
  const ending = ['ski', 'quist', 'opoulos', 'berger', 'vic', 'wyn', 'gard', 'escu', 'zade', 'huizen', 'ck', 'th'];
  return random.pick(onset) + random.pick(middle) + random.pick(ending);
}

function markup(random: Random): string {
  const attribute = (): string =>
    `${random.pick(['class', 'id', 'style', 'data-ref', 'onclick'])}="${random.pick(['nav', 'btn', 'px', 'tbl'])}-${symbols(random, HEX, random.between(2, 6))}"`;
  const piece = (): string =>
    random.pick([
      () => `<${random.pick(['div', 'span', 'td', 'li', 'a'])} ${attribute()}>`,
      () => `</${random.pick(['div', 'span', 'td', 'li', 'a', 'tbody'])}>`,
      () => random.pick(['&nbsp;', '&amp;', '&lt;', '&#8217;', '<br/>', '<hr>', '{{', '}}', '[[', ']]']),
      () => `<img src="/${symbols(random, HEX, 6)}.png" ${attribute()}/>`,
      () => `{{${random.pick(['cite', 'infobox', 'stub', 'navbox'])}|${random.pick(['url', 'ref', 'pp'])}=${symbols(random, HEX, 5)}}}`,
      () => `[[File:${symbols(random, UPPER, 4)}${random.between(1, 999)}.svg|thumb|${random.between(90, 600)}px]]`,
    ])();
  return Array.from({ length: random.between(2, 5) }, piece).join('');
}

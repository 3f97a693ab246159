import type { Random } from '../../src/math/random.js';

/** Someone a story is about. */
export interface Person {
  readonly name: string;
  readonly they: 'she' | 'he';
  readonly them: 'her' | 'him';
  readonly their: 'her' | 'his';
}

/** Something that is counted. */
export interface Thing {
  readonly one: string;
  readonly many: string;
}

const WOMEN = words(
  'Mia Anna Emma Olivia Sophie Clara Nora Lena Julia Maria Laura Alice Grace Ruby Hannah Ella Lucy Ivy Rosa Nina Amy Kate Jane Eva Tina ' +
    'Priya Aisha Fatima Yuki Mei Leila Zara Sara Carmen Ines Helen Martha Diana Wendy Paula Joan Beth Megan Molly Daisy Violet Stella Naomi',
);
const MEN = words(
  'Tom Ben Sam Max Leo Paul Noah Liam Oscar Henry Jack Adam Luke Felix Hugo Ivan Omar Ravi Kenji Carlos Diego Marco Pedro Ali Hassan ' +
    'Peter James David Daniel Simon Martin George Victor Walter Frank Eric Kevin Jason Toby Finn Theo Jonas Emil Anton Boris Samir Tariq Chen',
);
const ACCENTED_WOMEN = ['Zoë', 'Chloé', 'Inés', 'Márta'];
const ACCENTED_MEN = ['José', 'André', 'Łukasz', 'Jörg'];

/** What people collect, lose, swap and share. */
export const KEEPSAKES: readonly Thing[] = regular(
  'marble sticker shell stamp coin button bead pebble card badge magnet pencil crayon marker eraser notebook book comic puzzle ' +
    'toy balloon ribbon ring feather acorn poster postcard photo rock ticket cap doll kite whistle',
);
/** What is bought, baked, packed and eaten. */
export const GOODS: readonly Thing[] = [
  ...regular(
    'apple orange banana lemon pear peach plum melon egg cookie cake muffin bagel pie waffle pancake donut sandwich pizza carrot onion cucumber pepper',
  ),
  { one: 'cherry', many: 'cherries' },
  { one: 'tomato', many: 'tomatoes' },
  { one: 'potato', many: 'potatoes' },
  { one: 'loaf', many: 'loaves' },
];
/** What has a price on a label. */
export const WARES: readonly Thing[] = regular(
  'shirt hat cap lamp chair table clock bag belt jacket sweater ball bat racket helmet tent candle mug plate bowl vase mirror pillow towel brush hammer',
);
/** What a machine or a workshop turns out. */
export const PRODUCTS: readonly Thing[] = regular('bolt screw nail brick tile bottle can jar cup label envelope wheel chip lid basket');
export const ANIMALS: readonly Thing[] = regular('cow goat horse pig dog cat rabbit donkey');
export const BIRDS: readonly Thing[] = [...regular('hen duck chicken turkey'), { one: 'goose', many: 'geese' }];
export const PLANTS: readonly Thing[] = regular('tree rose tulip lettuce plant cabbage seed bush vine sunflower');
export const CONTAINERS: readonly Thing[] = [
  ...regular('bag box basket crate jar bucket drawer tray packet'),
  { one: 'shelf', many: 'shelves' },
];

export const PLACES: readonly string[] =
  'the park,the beach,the school,the library,the market,the station,the museum,the garden,the river,the playground'.split(',');
export const SHOPS: readonly string[] =
  'the shop,the store,the bakery,the market,the mall,the fair,the corner shop,the flea market,the supermarket'.split(',');
export const TOWNS: readonly string[] = words(
  'Ashford Milltown Riverside Oakdale Greenville Lakeside Hillview Brookfield Newport Fairmont Weston Kingsley',
);
export const DAYS: readonly string[] = words('Monday Tuesday Wednesday Thursday Friday Saturday Sunday');
export const MONTHS: readonly string[] = words('January February March April May June July August September October November December');
export const RELATIVES: readonly string[] = words(
  'sister brother cousin friend neighbor mother father aunt uncle teacher grandmother grandfather',
);
export const FRACTIONS = [
  { word: 'half', parts: 2 },
  { word: 'a third', parts: 3 },
  { word: 'a quarter', parts: 4 },
  { word: 'a fifth', parts: 5 },
] as const;

/** A person; rarely one whose name is not ASCII. */
export function person(random: Random): Person {
  const accented = random.chance(0.01);
  if (random.chance(0.5)) return { name: random.pick(accented ? ACCENTED_WOMEN : WOMEN), they: 'she', them: 'her', their: 'her' };
  return { name: random.pick(accented ? ACCENTED_MEN : MEN), they: 'he', them: 'him', their: 'his' };
}

/** Two people with different names. */
export function twoPeople(random: Random): [Person, Person] {
  const first = person(random);
  let second = person(random);
  while (second.name === first.name) second = person(random);
  return [first, second];
}

/** Two different things of one list. */
export function twoThings(random: Random, list: readonly Thing[]): [Thing, Thing] {
  const [first, second] = random.shuffled(list);
  return [first!, second!];
}

/** "1 egg", "12 eggs". */
export function count(quantity: number, thing: Thing): string {
  return `${quantity} ${quantity === 1 ? thing.one : thing.many}`;
}

/** "She", for the start of a sentence. */
export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** True for the first names stories use. */
export function isFirstName(word: string): boolean {
  return [...WOMEN, ...MEN, ...ACCENTED_WOMEN, ...ACCENTED_MEN].includes(word);
}

function words(list: string): string[] {
  return list.split(' ');
}

/** Things whose plural adds an s, or es after a hiss. */
function regular(list: string): Thing[] {
  return words(list).map((one) => ({ one, many: /(?:s|x|ch|sh)$/.test(one) ? `${one}es` : `${one}s` }));
}

// Captions in the manner of the embedded dataset, and a seeded source of random Unicode, for the tests.

const COLOURS = ['red', 'blue', 'green', 'yellow', 'purple', 'orange', 'white', 'black'];
const SIZES = ['small', 'large', 'tiny', 'big'];
const SHAPES = ['circle', 'square', 'triangle', 'star', 'ring', 'heart', 'cross', 'house'];
const RELATIONS = ['above', 'below', 'to the left of', 'to the right of', 'next to'];

/** Numbers in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` captions; the same for the same seed. */
export function sampleCaptions(count: number, seed = 1): string[] {
  const random = seededRandom(seed);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];
  const thing = () => `${random() < 0.5 ? `${pick(SIZES)} ` : ''}${pick(COLOURS)} ${pick(SHAPES)}`;
  return Array.from({ length: count }, () => {
    const opening = pick(['A', 'There is a', 'This picture shows a']);
    return `${opening} ${thing()} ${pick(RELATIONS)} a ${thing()}${random() < 0.8 ? '.' : ''}`;
  });
}

const ALPHABETS: [number, number][] = [
  [0x00, 0x7f],
  [0x20, 0x7e],
  [0x80, 0x2ff],
  [0x300, 0x36f],
  [0x400, 0x5ff],
  [0x2000, 0x206f],
  [0x3040, 0x30ff],
  [0x4e00, 0x9fff],
  [0xac00, 0xd7a3],
  [0xfe00, 0xffff],
  [0x1f300, 0x1faff],
  [0xe0000, 0xe007f],
];

/** Families, flags and skin tones: emoji of several code points. */
const EMOJI = ['👩‍👩‍👧', '🏳️‍🌈', '🇩🇪', '👍🏽', '❤️', '1️⃣'];

/** A string of up to `length` code points from many scripts, and a few emoji of several; no lone surrogates. */
export function randomText(random: () => number, length: number): string {
  let text = '';
  for (let i = Math.floor(random() * length); i > 0; i--) {
    const [first, last] = ALPHABETS[Math.floor(random() * ALPHABETS.length)];
    text += random() < 0.15 ? ' ' : String.fromCodePoint(first + Math.floor(random() * (last - first + 1)));
    if (random() < 0.02) text += EMOJI[Math.floor(random() * EMOJI.length)];
  }
  return text;
}

/** The same with halves of surrogate pairs and special tokens strewn in. */
export function randomHostileText(random: () => number, length: number): string {
  const strewn = ['\ud83d', '\ude42', '\udfff', '<|endoftext|>', '<|startoftext|>', '<|END', "'s", '</w>'];
  return Array.from(
    { length: 1 + Math.floor(random() * 4) },
    () => randomText(random, length / 4) + strewn[Math.floor(random() * strewn.length)],
  ).join('');
}

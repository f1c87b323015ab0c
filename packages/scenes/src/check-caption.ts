// Judges a caption against a scene: are the colours and kinds it names really in the picture?
import { backgroundByName } from './backgrounds.ts';
import { type ColourName, colours } from './colours.ts';
import { type KindName, kinds } from './kinds.ts';
import type { Scene } from './scene.ts';

/** A colour and the kind it was said of. */
export interface ColourKindPair {
  readonly colour: string;
  readonly kind: KindName;
}

export interface CaptionCheck {
  /** Colours said of a kind: "a red star", "the star is red". */
  readonly pairs: readonly ColourKindPair[];
  /** Kinds named without a colour. */
  readonly bareKinds: readonly KindName[];
  /** Colours named without a kind: "a red shape". */
  readonly bareColours: readonly string[];
  /** Colours said of the background: "a white background". */
  readonly backgroundColours: readonly string[];
  /** What is named but not in the picture, as words: "red star", "ring", "green". */
  readonly wrong: readonly string[];
  /** At least one colour or kind of object is named, and nothing is wrong. */
  readonly correct: boolean;
}

const kindOf = new Map<string, KindName>();
for (const kind of kinds) {
  for (const noun of kind.nouns) kindOf.set(noun.singular, kind.name).set(noun.plural, kind.name);
}
// Words the references never use, but that name a kind beyond doubt.
for (const [word, kind] of [
  ['disk', 'circle'],
  ['sphere', 'circle'],
  ['dot', 'circle'],
  ['cube', 'square'],
] as const) {
  kindOf.set(word, kind).set(`${word}s`, kind);
}

const colourOf = new Map<string, string>();
for (const colour of colours) for (const word of colour.words) colourOf.set(word, colour.name);
for (const word of ['white', 'grey', 'brown', 'cream']) colourOf.set(word, word);
colourOf.set('gray', 'grey');

const backgroundNouns = new Set(
  (
    'background wallpaper cloth grass meadow field lawn sky night table board wood water pool sea sand beach ' +
    'wall paper sheet page'
  ).split(' '),
);
const genericNouns = new Set('shape shapes object objects thing things figure figures'.split(' '));
const anaphors = new Set(['one', 'ones']);
const adjectives = new Set(
  (
    'small little tiny large big huge plain pale soft shaded light dark calm wooden striped dotted spotted ' +
    'checked lined squared brick sandy grassy'
  ).split(' '),
);
const copulas = new Set(['is', 'are']);
const joiners = new Set(['and', 'or', 'a', 'an', 'the', ',']);

/**
 * Finds the colours and kinds a caption names, with all their synonyms, and compares them with the
 * scene. A colour belongs to the noun that ends its noun phrase ("small red and blue stars" names two
 * pairs), to the noun before "is" or "are" ("the star is large and red"), or to the kind that "one"
 * stands for. A pair must exist as a pair. Numbers, sizes, places and the background are not judged,
 * except that colours said of the background must be its own.
 */
export function checkCaption(caption: string, scene: Scene): CaptionCheck {
  const mentions = readMentions(caption);
  const wrong: string[] = [];
  const { groups } = scene;
  for (const { colour, kind } of mentions.pairs) {
    if (!groups.some((g) => g.colour === colour && g.kind === kind)) wrong.push(`${colour} ${kind}`);
  }
  for (const kind of mentions.bareKinds) if (!groups.some((g) => g.kind === kind)) wrong.push(kind);
  for (const colour of mentions.bareColours) {
    if (!groups.some((g) => g.colour === colour)) wrong.push(colour);
  }
  const { name, tone } = scene.background;
  const own = backgroundByName(name).colours;
  for (const colour of mentions.backgroundColours) {
    // Of several tones the background has only its own.
    if (!own.includes(colour) || (own.includes(tone) && tone !== colour)) wrong.push(`${colour} background`);
  }
  const named = mentions.pairs.length + mentions.bareKinds.length + mentions.bareColours.length;
  return { ...mentions, wrong, correct: named > 0 && wrong.length === 0 };
}

type Mentions = Omit<CaptionCheck, 'wrong' | 'correct'>;

/** Reads a caption from left to right, holding colours back until the noun they belong to. */
function readMentions(caption: string): Mentions {
  const pairs: ColourKindPair[] = [];
  const bareKinds: KindName[] = [];
  const bareColours: string[] = [];
  const backgroundColours: string[] = [];
  let waiting: string[] = [];
  /** The kind last named, and whether "is" or "are" was said of it with nothing in between. */
  let lastKind: KindName | null = null;
  let predicate = false;

  const settle = () => {
    for (const colour of waiting) {
      if (predicate && lastKind) {
        pairs.push({ colour, kind: lastKind });
        // "The star is red": the kind that looked bare has its colour after all.
        const bare = bareKinds.lastIndexOf(lastKind);
        if (bare >= 0) bareKinds.splice(bare, 1);
      } else bareColours.push(colour);
    }
    waiting = [];
  };

  let previous = '';
  for (const word of caption.toLowerCase().match(/[a-z]+|[^\sa-z]/g) ?? []) {
    const colour = colourOf.get(word);
    const kind = kindOf.get(word);
    if (colour) {
      // "The star is red and the box blue": a new noun phrase begins, the old predicate is over.
      waiting.push(colour);
    } else if (kind || (anaphors.has(word) && waiting.length > 0 && lastKind)) {
      const named: KindName = kind ?? lastKind!;
      if (waiting.length === 0) bareKinds.push(named);
      for (const colourName of waiting) pairs.push({ colour: colourName, kind: named });
      waiting = [];
      lastKind = named;
      predicate = false;
    } else if (genericNouns.has(word)) {
      bareColours.push(...waiting);
      waiting = [];
      predicate = false;
    } else if (backgroundNouns.has(word)) {
      backgroundColours.push(...waiting);
      waiting = [];
      predicate = false;
    } else if (copulas.has(word)) {
      settle();
      predicate = lastKind !== null && kindOf.has(previous);
    } else if (word === 'the' && predicate && waiting.length > 0) {
      settle();
      predicate = false;
    } else if (!adjectives.has(word) && !joiners.has(word)) {
      settle();
      predicate = false;
    }
    previous = word;
  }
  settle();
  return { pairs, bareKinds, bareColours, backgroundColours };
}

/** Canonical colour names, for zero-shot classification. */
export const colourNames: readonly ColourName[] = colours.map((colour) => colour.name);

/** Canonical kind names, for zero-shot classification. */
export const kindNames: readonly KindName[] = kinds.map((kind) => kind.name);

// The backgrounds of scenes: which tones each has, which object colours it would hide, and its words.
import type { ColourName } from './colours.ts';

export type BackgroundName =
  | 'plain'
  | 'gradient'
  | 'stripes'
  | 'dots'
  | 'checks'
  | 'meadow'
  | 'night'
  | 'table'
  | 'water'
  | 'sand'
  | 'wall'
  | 'paper';

/** A kind of background. Colour words are allowed only for `colours`, which a caption may name. */
export interface BackgroundKind {
  readonly name: BackgroundName;
  readonly weight: number;
  readonly tones: readonly string[];
  /** Object colours that stand out too little on it. */
  readonly hides: readonly ColourName[];
  /** Colours of the background itself that a caption may name together with a background noun. */
  readonly colours: readonly string[];
  /** Prepositional phrases; `{tone}` stands for the tone's name. */
  readonly phrases: readonly string[];
  /** Verbs for how things are there, in their plain form. */
  readonly verbs: readonly string[];
}

const paleTones = ['white', 'grey', 'cream'];

export const backgrounds: readonly BackgroundKind[] = [
  {
    name: 'plain',
    weight: 3,
    tones: paleTones,
    hides: [],
    colours: paleTones,
    phrases: ['on a {tone} background', 'against a plain {tone} background', 'on a plain background'],
    verbs: ['sit', 'float', 'appear'],
  },
  {
    name: 'gradient',
    weight: 2,
    tones: ['cool', 'warm', 'grey'],
    hides: [],
    colours: [],
    phrases: ['on a shaded background', 'against a soft shaded background', 'on a pale background'],
    verbs: ['sit', 'float', 'appear'],
  },
  {
    name: 'stripes',
    weight: 2,
    tones: paleTones,
    hides: [],
    colours: [],
    phrases: ['on a striped background', 'in front of striped wallpaper', 'on a striped cloth'],
    verbs: ['sit', 'appear', 'lie'],
  },
  {
    name: 'dots',
    weight: 2,
    tones: paleTones,
    hides: [],
    colours: [],
    phrases: ['on a dotted background', 'on a spotted background', 'on a dotted cloth'],
    verbs: ['sit', 'appear', 'lie'],
  },
  {
    name: 'checks',
    weight: 2,
    tones: paleTones,
    hides: [],
    colours: [],
    phrases: ['on a checked background', 'on a checked cloth'],
    verbs: ['sit', 'appear', 'lie'],
  },
  {
    name: 'meadow',
    weight: 2,
    tones: ['day'],
    hides: ['green'],
    colours: ['blue', 'green'],
    phrases: [
      'on the grass',
      'in a meadow',
      'in a grassy field',
      'on the grass under a blue sky',
      'on green grass',
    ],
    verbs: ['sit', 'rest', 'stand'],
  },
  {
    name: 'night',
    weight: 2,
    tones: ['night'],
    hides: ['black', 'blue', 'purple'],
    colours: ['black'],
    phrases: ['in the night sky', 'against the night sky', 'in a dark sky', 'at night'],
    verbs: ['float', 'hang', 'float'],
  },
  {
    name: 'table',
    weight: 2,
    tones: ['light', 'warm'],
    hides: ['orange'],
    colours: ['brown'],
    phrases: ['on a wooden table', 'on the table', 'on a table', 'on a wooden board'],
    verbs: ['lie', 'sit', 'rest'],
  },
  {
    name: 'water',
    weight: 2,
    tones: ['calm'],
    hides: ['blue'],
    colours: ['blue'],
    phrases: ['on the water', 'in the water', 'on calm blue water', 'in a pool'],
    verbs: ['float', 'drift'],
  },
  {
    name: 'sand',
    weight: 2,
    tones: ['dry'],
    hides: ['yellow'],
    colours: [],
    phrases: ['on the sand', 'on a sandy beach', 'on the beach'],
    verbs: ['lie', 'sit', 'rest'],
  },
  {
    name: 'wall',
    weight: 2,
    tones: ['grey', 'warm'],
    hides: [],
    colours: [],
    phrases: ['on a brick wall', 'in front of a brick wall', 'against a wall'],
    verbs: ['hang', 'appear'],
  },
  {
    name: 'paper',
    weight: 2,
    tones: ['lined', 'squared'],
    hides: [],
    colours: ['white'],
    phrases: ['on {tone} paper', 'on a sheet of paper', 'on a sheet of {tone} paper'],
    verbs: ['appear', 'lie'],
  },
];

/** The background kind of that name. */
export function backgroundByName(name: BackgroundName): BackgroundKind {
  return backgrounds.find((background) => background.name === name)!;
}

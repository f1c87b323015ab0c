// What caption templates are made of: phrases about one scene, chosen at random as they are asked for.
import { backgroundByName } from '../backgrounds.ts';
import type { Random } from '../random.ts';
import type { Group, Scene } from '../scene.ts';
import { agree, definite, indefinite, type NounPhrase } from './noun-phrase.ts';
import { backgroundPhrase, placePhrase } from './place-phrase.ts';
import { isDirection, preposition, type RelationName, relationsOf, withPronoun } from './relation.ts';

/** A sentence pattern: words of a caption without capital and full stop, or null where it does not fit. */
export interface Template {
  readonly weight: number;
  readonly tell: (telling: Telling, ...groups: Group[]) => string | null;
}

/** Phrases about one scene. */
export interface Telling {
  readonly random: Random;
  readonly scene: Scene;
  /** A first mention of a group; the noun is "one" where `like` has just named the same kind. */
  name(group: Group, like?: Group): NounPhrase;
  /** A first mention with the given noun, so that "the <noun>" can point back to it. */
  nameAs(group: Group, noun: string): NounPhrase;
  /** A definite mention. */
  the(group: Group): NounPhrase;
  /** How `a` stands to `b`, or null when no single word says it. */
  relation(a: Group, b: Group): RelationName | null;
  /** "to the left of", before another noun phrase. */
  preposition(relation: RelationName): string;
  /** "to its left", after that noun phrase was said. */
  pronominal(relation: RelationName, many: boolean): string;
  /** "in the top left corner". */
  place(group: Group): string;
  /** "on a wooden table", always or with the given probability; otherwise empty. */
  background(probability?: number): string;
  /** The verb for how a group is in this place: "sits", "float". */
  verb(phrase: NounPhrase): string;
  /** The same verb as a participle: "sitting". */
  participle(): string;
  /** "we see", "this picture shows". */
  opening(): string;
  /** "a picture of". */
  heading(): string;
}

const participles: Record<string, string> = {
  sit: 'sitting',
  float: 'floating',
  appear: 'placed',
  lie: 'lying',
  rest: 'resting',
  stand: 'standing',
  hang: 'hanging',
  drift: 'drifting',
};

const openings: readonly (readonly [number, string])[] = [
  [4, 'we see'],
  [3, 'you can see'],
  [3, 'the picture shows'],
  [3, 'this image shows'],
  [2, 'the drawing shows'],
  [2, 'here we see'],
  [1, 'i can see'],
  [1, 'this scene has'],
  [1, 'someone drew'],
];

const headings: readonly (readonly [number, string])[] = [
  [4, 'a picture of'],
  [3, 'an image of'],
  [3, 'a drawing of'],
  [1, 'a scene with'],
  [1, 'a close view of'],
];

/** Joins the words that are there. */
export function words(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

export function createTelling(random: Random, scene: Scene): Telling {
  const verb = () => random.pick(backgroundByName(scene.background.name).verbs);
  return {
    random,
    scene,
    name(group, like) {
      if (like && like.kind === group.kind && random.chance(0.6)) {
        return indefinite(random, group, { noun: group.count > 1 ? 'ones' : 'one' });
      }
      const exact = scene.groups.some((other) => other !== group && other.kind === group.kind);
      return indefinite(random, group, { exact });
    },
    nameAs: (group, noun) => indefinite(random, group, { noun }),
    the: (group) => definite(random, group),
    relation(a, b) {
      const found = relationsOf(a, b);
      if (found.length === 0) return null;
      return random.weighted(found.map((name) => [isDirection(name) ? 4 : 1, name] as const));
    },
    preposition: (relation) => preposition(random, relation),
    pronominal: (relation, many) => withPronoun(random, relation, many),
    place: (group) => placePhrase(random, group.position),
    background: (probability = 1) =>
      random.chance(probability) ? backgroundPhrase(random, scene.background) : '',
    verb: (phrase) => agree(phrase, verb()),
    participle: () => participles[verb()],
    opening: () => random.weighted(openings),
    heading: () => random.weighted(headings),
  };
}

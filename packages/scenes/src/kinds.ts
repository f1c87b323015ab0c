// The kinds of objects in the pictures: their names and the words captions use for them.

export type KindName = 'circle' | 'square' | 'triangle' | 'star' | 'heart' | 'ring' | 'moon' | 'flower';

/** A word for a kind: how often captions use it, singular and plural. */
export interface KindNoun {
  readonly weight: number;
  readonly singular: string;
  readonly plural: string;
}

/** A kind of object. `nouns[0]` is the canonical word, and equals `name`. */
export interface Kind {
  readonly name: KindName;
  readonly nouns: readonly KindNoun[];
}

const noun = (weight: number, singular: string, plural = `${singular}s`): KindNoun => ({
  weight,
  singular,
  plural,
});

/** All kinds; for zero-shot classification use `name`. */
export const kinds: readonly Kind[] = [
  { name: 'circle', nouns: [noun(5, 'circle'), noun(4, 'ball'), noun(1, 'disc')] },
  { name: 'square', nouns: [noun(5, 'square'), noun(4, 'box', 'boxes'), noun(1, 'block')] },
  { name: 'triangle', nouns: [noun(1, 'triangle')] },
  { name: 'star', nouns: [noun(1, 'star')] },
  { name: 'heart', nouns: [noun(1, 'heart')] },
  { name: 'ring', nouns: [noun(4, 'ring'), noun(1, 'hoop')] },
  { name: 'moon', nouns: [noun(4, 'moon'), noun(1, 'crescent')] },
  { name: 'flower', nouns: [noun(4, 'flower'), noun(1, 'blossom')] },
];

/** The kind of that name. */
export function kindByName(name: KindName): Kind {
  return kinds.find((kind) => kind.name === name)!;
}

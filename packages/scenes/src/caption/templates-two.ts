// Sentence patterns that tell of two groups and how they stand to each other.
import { again, be, colourWord, kindWord } from './noun-phrase.ts';
import { type Template, words } from './telling.ts';

/** Called with two groups in either order. */
export const templatesTwo: readonly Template[] = [
  {
    weight: 5,
    tell(t, a, b) {
      const relation = t.relation(a, b);
      if (!relation) return null;
      return words(t.name(a).text, t.preposition(relation), t.name(b, a).text, t.background(0.3));
    },
  },
  {
    weight: 4,
    tell(t, a, b) {
      const relation = t.relation(a, b);
      if (!relation) return null;
      const name = t.name(a);
      return words(
        'there',
        be(name),
        name.text,
        t.preposition(relation),
        t.name(b, a).text,
        t.background(0.25),
      );
    },
  },
  {
    weight: 4,
    tell(t, a, b) {
      const relation = t.relation(a, b);
      if (!relation) return null;
      return words(
        t.opening(),
        t.name(a).text,
        t.preposition(relation),
        t.name(b, a).text,
        t.background(0.2),
      );
    },
  },
  {
    weight: 4,
    tell(t, a, b) {
      const relation = t.relation(b, a);
      if (!relation) return null;
      const name = t.name(a);
      return words(
        name.text,
        'with',
        t.name(b, a).text,
        t.pronominal(relation, name.many),
        t.background(0.25),
      );
    },
  },
  {
    weight: 3,
    tell(t, a, b) {
      const relation = t.relation(a, b);
      if (!relation) return null;
      const other = t.random.chance(0.6) ? t.name(b) : t.the(b);
      const name = t.name(a, b);
      const verb = t.random.chance(0.4)
        ? `there ${be(name)}`
        : t.random.chance(0.5)
          ? be(name)
          : t.verb(name);
      return words(t.preposition(relation), other.text, verb, name.text);
    },
  },
  { weight: 3, tell: (t, a, b) => words(t.name(a).text, 'and', t.name(b, a).text, t.background()) },
  {
    weight: 3,
    tell(t, a, b) {
      const relation = t.relation(a, b);
      if (!relation) return null;
      const name = t.the(a);
      return words(name.text, be(name), t.preposition(relation), t.the(b).text);
    },
  },
  {
    weight: 2.5,
    tell: (t, a, b) => words(t.heading(), t.name(a).text, 'and', t.name(b, a).text, t.background(0.7)),
  },
  {
    weight: 3,
    tell(t, a, b) {
      const relation = t.relation(a, b);
      if (!relation) return null;
      const name = t.name(a);
      return words(name.text, t.verb(name), t.preposition(relation), t.name(b, a).text, t.background(0.25));
    },
  },
  {
    weight: 2.5,
    tell(t, a, b) {
      const relation = t.relation(a, b);
      if (relation !== 'left' && relation !== 'right') return null;
      const other = relation === 'left' ? 'right' : 'left';
      const name = t.name(a);
      if (t.random.chance(0.5)) {
        return words(
          name.text,
          `on the ${relation} and`,
          t.name(b, a).text,
          `on the ${other}`,
          t.background(0.2),
        );
      }
      return words(`on the ${relation} there`, be(name), `${name.text}, on the ${other}`, t.name(b, a).text);
    },
  },
  {
    weight: 2,
    tell(t, a, b) {
      const relation = t.relation(a, b);
      if (!relation) return null;
      return words(
        t.name(a).text,
        t.participle(),
        t.preposition(relation),
        t.name(b, a).text,
        t.background(0.25),
      );
    },
  },
  {
    weight: 2,
    tell(t, a, b) {
      const relation = t.relation(a, b);
      if (!relation) return null;
      const name = t.name(a);
      const done = t.random.pick(['drawn', 'shown', 'placed', 'painted']);
      return words(name.text, be(name), done, t.preposition(relation), t.name(b, a).text);
    },
  },
  {
    weight: 2.5,
    tell(t, a, b) {
      const relation = t.relation(b, a);
      if (!relation) return null;
      const first = t.name(a);
      const second = t.name(b, a);
      return words(
        first.text,
        t.verb(first),
        `${t.background()}, and`,
        second.text,
        be(second),
        t.pronominal(relation, first.many),
      );
    },
  },
  {
    weight: 2,
    tell(t, a, b) {
      if (a.position === b.position) return null;
      return words(t.name(a).text, t.place(a), 'and', t.name(b, a).text, t.place(b));
    },
  },
  {
    weight: 1.5,
    tell(t, a, b) {
      if (a.kind === b.kind) return null;
      const nounA = again(kindWord(t.random, a), a);
      const nounB = again(kindWord(t.random, b), b);
      if (a.colour === b.colour) {
        return words('both', nounA.text, 'and', nounB.text, 'are', colourWord(t.random, a));
      }
      return words(
        nounA.text,
        be(nounA),
        colourWord(t.random, a),
        t.random.pick(['and', 'but', 'while']),
        nounB.text,
        be(nounB),
        colourWord(t.random, b),
      );
    },
  },
];

// Sentence patterns that tell of one group of objects.
import { be, colourWord, kindWord, numberWord, sizeWord } from './noun-phrase.ts';
import { type Template, words } from './telling.ts';

/** Called with the group. */
export const templatesOne: readonly Template[] = [
  {
    weight: 5,
    tell: (t, a) => words(t.name(a).text, t.random.chance(0.5) ? t.place(a) : '', t.background(0.8)),
  },
  { weight: 3, tell: (t, a) => words(t.name(a).text, t.participle(), t.background()) },
  {
    weight: 4,
    tell(t, a) {
      const name = t.name(a);
      return words('there', be(name), name.text, t.random.chance(0.6) ? t.place(a) : '', t.background(0.6));
    },
  },
  {
    weight: 4,
    tell: (t, a) =>
      words(t.opening(), t.name(a).text, t.random.chance(0.5) ? t.place(a) : '', t.background(0.6)),
  },
  {
    weight: 4,
    tell(t, a) {
      const name = t.name(a);
      return words(name.text, t.verb(name), t.background());
    },
  },
  { weight: 3, tell: (t, a) => words(t.heading(), t.name(a).text, t.background(0.8)) },
  {
    weight: 2,
    tell(t, a) {
      const name = t.name(a);
      const seen = t.random.pick(['shown', 'drawn', 'painted', 'placed']);
      return words(name.text, be(name), seen, t.place(a), t.background(0.5));
    },
  },
  {
    weight: 3,
    tell(t, a) {
      const name = t.name(a);
      return words(t.background(), t.random.chance(0.5) ? `there ${be(name)}` : t.verb(name), name.text);
    },
  },
  {
    weight: 2,
    tell(t, a) {
      const name = t.name(a);
      return words(t.place(a), 'there', be(name), name.text, t.background(0.4));
    },
  },
  {
    weight: 2,
    tell(t, a) {
      const noun = kindWord(t.random, a);
      const look = `${sizeWord(t.random, a.size)} and ${colourWord(t.random, a)}`;
      return words('the', noun, t.place(a), a.count > 1 ? 'are' : 'is', look);
    },
  },
  {
    weight: 1.5,
    tell: (t, a) =>
      words(t.random.pick(['just', 'only']), t.name(a).text, t.background(), 'and nothing else'),
  },
  {
    weight: 3,
    tell(t, a) {
      if (a.arrangement === 'single') return null;
      const ways: Record<string, readonly string[]> = {
        row: ['in a row', 'side by side', 'in a line'],
        column: ['one above the other', 'in a column'],
        cluster: ['close together', 'arranged in a group'],
      };
      const look = words(
        t.random.chance(0.5) ? sizeWord(t.random, a.size) : '',
        colourWord(t.random, a),
        kindWord(t.random, a),
      );
      const way = t.random.pick(
        ways[a.arrangement].filter((phrase) => a.count === 2 || !/side by|one above/.test(phrase)),
      );
      return words(numberWord(a.count), look, way, t.background(0.7));
    },
  },
];

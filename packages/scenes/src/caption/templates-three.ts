// Sentence patterns that tell of three groups.
import type { Group } from '../scene.ts';
import { be, kindWord } from './noun-phrase.ts';
import { isBetween, isDirection, relationsOf } from './relation.ts';
import { type Telling, type Template, words } from './telling.ts';

/** "a, b and c". */
function list(t: Telling, groups: readonly Group[]): string {
  const names = groups.map((group, i) => t.name(group, groups[i - 1]).text);
  const comma = t.random.chance(0.25) ? ', and ' : ' and ';
  return `${names[0]}, ${names[1]}${comma}${names[2]}`;
}

/** The group that stands between the other two, first; or null. */
function middleFirst(a: Group, b: Group, c: Group): readonly Group[] | null {
  if (isBetween(a, b, c)) return [a, b, c];
  if (isBetween(b, a, c)) return [b, a, c];
  if (isBetween(c, a, b)) return [c, a, b];
  return null;
}

/** Called with three groups in any order. */
export const templatesThree: readonly Template[] = [
  { weight: 4, tell: (t, ...groups) => words(list(t, groups), t.background(0.85)) },
  {
    weight: 3,
    tell(t, a, b, c) {
      const first = t.name(a);
      const rest = `${t.name(b, a).text} and ${t.name(c, b).text}`;
      return words('there', be(first), `${first.text},`, rest, t.background(0.4));
    },
  },
  { weight: 3, tell: (t, ...groups) => words(t.opening(), list(t, groups), t.background(0.4)) },
  { weight: 2, tell: (t, ...groups) => words(t.heading(), list(t, groups), t.background(0.4)) },
  {
    weight: 6,
    tell(t, ...groups) {
      const order = middleFirst(groups[0], groups[1], groups[2]);
      if (!order) return null;
      const [a, b, c] = order;
      const name = t.name(a);
      if (t.random.chance(0.3)) {
        return words('between', t.name(b).text, 'and', t.name(c, b).text, 'there', be(name), name.text);
      }
      const verb = t.random.weighted([
        [2, ''],
        [1, be(name)],
        [1, t.verb(name)],
      ]);
      return words(name.text, verb, 'between', t.name(b, a).text, 'and', t.name(c, b).text);
    },
  },
  {
    weight: 4,
    tell(t, a, b, c) {
      const toB = t.relation(a, b);
      const toA = t.relation(c, b);
      if (!toB || !toA) return null;
      const noun = kindWord(t.random, b);
      if (a.kind === b.kind || b.kind === c.kind) return null;
      return words(
        t.name(a).text,
        t.preposition(toB),
        `${t.nameAs(b, noun).text}, and`,
        t.name(c).text,
        t.preposition(toA),
        `the ${noun}`,
      );
    },
  },
  {
    weight: 5,
    tell(t, a, b, c) {
      const common = relationsOf(a, c).filter((r) => isDirection(r) && relationsOf(b, c).includes(r));
      if (common.length === 0) return null;
      const name = t.name(a);
      const both = words(name.text, 'and', t.name(b, a).text);
      const where = t.preposition(t.random.pick(common));
      return words(both, t.random.chance(0.3) ? 'are' : '', where, t.name(c, b).text, t.background(0.15));
    },
  },
  {
    weight: 4,
    tell(t, a, b, c) {
      const common = relationsOf(c, a).filter((r) => isDirection(r) && relationsOf(c, b).includes(r));
      if (common.length === 0) return null;
      return words(
        t.name(a).text,
        'and',
        t.name(b, a).text,
        'with',
        t.name(c, b).text,
        t.pronominal(t.random.pick(common), true),
      );
    },
  },
  {
    weight: 3,
    tell(t, a, b, c) {
      const relation = t.relation(a, b);
      if (!relation || c.position === a.position || c.position === b.position) return null;
      return words(
        t.name(a).text,
        t.preposition(relation),
        `${t.name(b, a).text}, with`,
        t.name(c, b).text,
        t.place(c),
      );
    },
  },
  {
    weight: 1.5,
    tell(t, a, b, c) {
      if (a.count + b.count + c.count > 3) return null;
      const where = t.background();
      return `three ${t.random.pick(['shapes', 'objects', 'things'])} ${where}: ${list(t, [a, b, c])}`;
    },
  },
];

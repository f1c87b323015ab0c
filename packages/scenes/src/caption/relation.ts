// How two groups stand to each other, and the English for it.
import type { Random } from '../random.ts';
import { groupBox, type Group } from '../scene.ts';

export type RelationName = 'left' | 'right' | 'above' | 'below' | 'beside' | 'near';

interface Centre {
  readonly x: number;
  readonly y: number;
}

export function centreOf(group: Group): Centre {
  const box = groupBox(group);
  return { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
}

/** A direction counts when it is at least this share of the distance in the other direction. */
const dominance = 0.9;

/** Boxes may overlap this little: the shapes in them do not fill their corners. */
const slack = -2.5;

/** All that can truly be said of where `a` is, seen from `b`. */
export function relationsOf(a: Group, b: Group): RelationName[] {
  const boxA = groupBox(a);
  const boxB = groupBox(b);
  const from = centreOf(b);
  const to = centreOf(a);
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const gapX = Math.max(boxA.left - boxB.right, boxB.left - boxA.right);
  const gapY = Math.max(boxA.top - boxB.bottom, boxB.top - boxA.bottom);
  const found: RelationName[] = [];
  if (gapX >= slack && Math.abs(dx) >= dominance * Math.abs(dy)) found.push(dx < 0 ? 'left' : 'right');
  if (gapY >= slack && Math.abs(dy) >= dominance * Math.abs(dx)) found.push(dy < 0 ? 'above' : 'below');
  if (Math.max(gapX, 0) + Math.max(gapY, 0) <= 7) {
    found.push(Math.abs(dx) > 1.5 * Math.abs(dy) ? 'beside' : 'near');
  }
  return found;
}

/** Whether `a` lies between `b` and `c`, in a line from left to right or from top to bottom. */
export function isBetween(a: Group, b: Group, c: Group): boolean {
  const [boxA, boxB, boxC] = [groupBox(a), groupBox(b), groupBox(c)];
  const [ca, cb, cc] = [centreOf(a), centreOf(b), centreOf(c)];
  const across = (l: typeof boxA, r: typeof boxA) =>
    l.right + slack <= boxA.left && boxA.right + slack <= r.left;
  const down = (t: typeof boxA, u: typeof boxA) =>
    t.bottom + slack <= boxA.top && boxA.bottom + slack <= u.top;
  const within = (v: number, p: number, q: number) => v >= Math.min(p, q) - 7 && v <= Math.max(p, q) + 7;
  if (across(boxB, boxC) || across(boxC, boxB)) return within(ca.y, cb.y, cc.y);
  if (down(boxB, boxC) || down(boxC, boxB)) return within(ca.x, cb.x, cc.x);
  return false;
}

const prepositions: Record<RelationName, readonly (readonly [number, string])[]> = {
  left: [
    [6, 'to the left of'],
    [2, 'left of'],
    [2, 'on the left side of'],
  ],
  right: [
    [6, 'to the right of'],
    [2, 'right of'],
    [2, 'on the right side of'],
  ],
  above: [
    [7, 'above'],
    [2, 'over'],
  ],
  below: [
    [5, 'below'],
    [3, 'under'],
    [2, 'beneath'],
  ],
  beside: [
    [4, 'next to'],
    [2, 'beside'],
    [1, 'near'],
    [1, 'close to'],
  ],
  near: [
    [3, 'near'],
    [2, 'close to'],
  ],
};

/** The preposition that goes before the other thing: "to the left of". */
export function preposition(random: Random, relation: RelationName): string {
  return random.weighted(prepositions[relation]);
}

/** The relation to something just named: "to its left", "above them". */
export function withPronoun(random: Random, relation: RelationName, many: boolean): string {
  if (relation === 'left' || relation === 'right') {
    return random.chance(0.5)
      ? `to ${many ? 'their' : 'its'} ${relation}`
      : `${preposition(random, relation)} ${many ? 'them' : 'it'}`;
  }
  return `${preposition(random, relation)} ${many ? 'them' : 'it'}`;
}

/** Whether the relation is one of the four directions. */
export function isDirection(relation: RelationName): boolean {
  return relation !== 'near' && relation !== 'beside';
}

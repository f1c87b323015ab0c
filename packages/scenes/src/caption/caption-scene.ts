// Writes the captions of a scene: five by default, all different in words and mostly in pattern.
import type { Random } from '../random.ts';
import type { Group, Scene } from '../scene.ts';
import { createTelling, type Telling, type Template } from './telling.ts';
import { templatesOne } from './templates-one.ts';
import { templatesThree } from './templates-three.ts';
import { templatesTwo } from './templates-two.ts';

/** Captions have 6 to 22 words. */
const fewestWords = 6;
const mostWords = 22;

/**
 * Writes `count` different captions of what the scene shows. What they name is always in the scene;
 * some leave out an object, a size or a colour, as people do. The same `random` gives the same captions.
 */
export function captionScene(scene: Scene, random: Random, count = 5): string[] {
  const telling = createTelling(random, scene);
  const captions: string[] = [];
  const used = new Set<Template>();
  while (captions.length < count) {
    const groups = chooseGroups(random, scene.groups);
    const templates = [templatesOne, templatesTwo, templatesThree][groups.length - 1];
    const fresh = templates.filter((template) => !used.has(template));
    const from = fresh.length > 0 ? fresh : templates;
    const template = random.weighted(from.map((one) => [one.weight, one] as const));
    const caption = tell(telling, template, groups);
    if (caption === null || captions.includes(caption)) continue;
    used.add(template);
    captions.push(caption);
  }
  return captions;
}

/** The groups to tell of, in random order: mostly all of them. */
function chooseGroups(random: Random, groups: readonly Group[]): Group[] {
  const order = random.shuffled(groups);
  if (order.length === 3 && random.chance(0.2)) return order.slice(0, 2);
  if (order.length === 2 && random.chance(0.06)) return order.slice(0, 1);
  return order;
}

function tell(telling: Telling, template: Template, groups: readonly Group[]): string | null {
  const text = template.tell(telling, ...groups);
  if (text === null) return null;
  const length = text.split(' ').length;
  if (length < fewestWords || length > mostWords) return null;
  // COCO's writers leave the full stop out now and then, too.
  const end = telling.random.chance(0.935) ? '.' : '';
  return text[0].toUpperCase() + text.slice(1) + end;
}

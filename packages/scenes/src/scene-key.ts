// The description of a scene as one string, and the split that string belongs to.
import { fnv1a } from './random.ts';
import type { Scene, SplitName } from './scene.ts';

/**
 * What the picture shows, without exact places: two scenes with the same key look alike to a reader.
 * Example: `sand | 1 large red star centre | 2 small blue ring top`.
 */
export function sceneKey(scene: Scene): string {
  const groups = scene.groups.map((g) => `${g.count} ${g.size} ${g.colour} ${g.kind} ${g.position}`).sort();
  return [scene.background.name, ...groups].join(' | ');
}

/**
 * The split a scene belongs to. It depends on the key alone, so no scene can stand in two splits,
 * whatever the seed or the counts: 1/8 of all scenes may be used for val, 1/8 for test.
 */
export function splitOfScene(scene: Scene): SplitName {
  const eighth = fnv1a(sceneKey(scene)) >>> 29;
  return eighth === 0 ? 'val' : eighth === 1 ? 'test' : 'train';
}

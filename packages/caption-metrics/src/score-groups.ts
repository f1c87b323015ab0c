// Scores of parts of a corpus: nocaps' domains.
import type { Measure, MeasureName } from './measures.ts';

/** Scores over the images of one group. */
export interface GroupScores {
  group: string;
  images: number;
  scores: { name: MeasureName; label: string; scale: number; value: number }[];
}

/**
 * The measures over each group's images, groups by name. What comes from the references as a whole (CIDEr's document
 * frequencies, NIST's information) stays that of all images, so that the whole's CIDEr is the groups' mean weighted by their
 * images. Published nocaps tables are such: with its validation split of 648, 2,938 and 914 pictures ClipCap's 84.85, 66.82
 * and 49.14 make its 65.83 (arXiv 2111.09734, Table 1).
 *
 * @param groups one per image, in the order of the measures' images; undefined: in none
 */
export function scoreGroups(
  measures: readonly Measure[],
  groups: readonly (string | undefined)[],
): GroupScores[] {
  const names = [...new Set(groups.filter((group) => group !== undefined))].sort();
  return names.map((group) => {
    const within = Uint8Array.from(groups, (own) => (own === group ? 1 : 0));
    return {
      group,
      images: within.reduce((sum, own) => sum + own, 0),
      scores: measures.map(({ name, label, scale, resampled }) => ({
        name,
        label,
        scale,
        value: resampled(within),
      })),
    };
  });
}

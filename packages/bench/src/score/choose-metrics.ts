// Which rows of the score table were asked for.
import type { MeasureName } from '@foreword/caption-metrics';
import { nearestWord, UsageError } from '@foreword/cli-kit';

/** Names for `--metrics` and the measures each stands for; `statistics` are the lines under the table. */
export const metricGroups: Readonly<Record<string, readonly (MeasureName | 'statistics')[]>> = {
  bleu: ['bleu-1', 'bleu-2', 'bleu-3', 'bleu-4'],
  'sentence-bleu': ['smoothed-bleu'],
  rouge: ['rouge-l'],
  meteor: ['meteor'],
  cider: ['cider-d'],
  nist: ['nist'],
  clipscore: ['clip-score', 'ref-clip-score'],
  spice: ['spice'],
  statistics: ['statistics'],
};

/**
 * The measures that a comma-separated list names; all without one.
 *
 * @throws UsageError for an unknown name
 */
export function chooseMetrics(list: string | undefined): ReadonlySet<MeasureName | 'statistics'> {
  const names = list === undefined ? Object.keys(metricGroups) : list.split(',').map((name) => name.trim());
  return new Set(
    names.flatMap((name) => {
      const group = Object.hasOwn(metricGroups, name) ? metricGroups[name] : undefined;
      if (group) return group;
      const known = Object.keys(metricGroups);
      const near = nearestWord(name, known);
      throw new UsageError(`--metrics: there is no metric ${JSON.stringify(name)}`, {
        cure: near === undefined ? `choose from ${known.join(', ')}` : `did you mean ${near}?`,
      });
    }),
  );
}

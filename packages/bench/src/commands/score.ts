// `pnpm score`: scores caption files against references, with intervals, and compares two runs.
import { resolve } from 'node:path';
import {
  bootstrapIntervals,
  CaptionScoreError,
  pairedBootstrap,
  scoreCaptions,
  type CaptionScores,
  type ImageCaption,
  type ImageId,
  type Interval,
  type Measure,
  type MeasureComparison,
  type ScoreInput,
} from '@foreword/caption-metrics';
import { CommandError, defineFlags, runCommand, UsageError, writeFileAtomic } from '@foreword/cli-kit';
import { chooseMetrics, metricGroups } from '../score/choose-metrics.ts';
import {
  formatComparison,
  formatGroups,
  formatMeasures,
  formatNotes,
  formatSeeds,
  formatStatistics,
} from '../score/format-scores.ts';
import { matchImages } from '../score/match-images.ts';
import { readReferences, readResults } from '../score/read-captions.ts';
import { readFeatures, readSpiceFile } from '../score/read-extras.ts';
import { readFrequencies } from '../score/read-frequencies.ts';
import { scoreReport } from '../score/score-report.ts';

const flags = defineFlags({
  metrics: {
    type: 'string',
    placeholder: 'NAMES',
    describe: `what to show, comma-separated: ${Object.keys(metricGroups).join(', ')} (default: all)`,
  },
  compare: {
    type: 'string',
    placeholder: 'FILE',
    describe: 'another results file (B), compared with the first (A) by paired bootstrap',
  },
  json: {
    type: 'string',
    placeholder: 'FILE',
    describe: 'write scores, intervals and every image there too',
  },
  training: {
    type: 'string',
    placeholder: 'FILE',
    describe: 'captions of the training split, laid out as references: for novelty and --df training',
  },
  df: {
    type: 'string',
    default: 'references',
    placeholder: 'SOURCE',
    describe:
      "CIDEr's document frequencies: references, training, or a file: JSON, or a pickle such as coco-val-df.p",
  },
  clipFeatures: {
    type: 'string',
    placeholder: 'FILE',
    describe: 'JSON with CLIP features per image, for CLIPScore',
  },
  spice: { type: 'string', placeholder: 'FILE', describe: "SPICE's own output, shown as imported" },
  resamples: {
    type: 'integer',
    default: 1000,
    min: 0,
    max: 1_000_000,
    describe: 'bootstrap resamples; 0 leaves intervals out',
  },
  seed: { type: 'integer', default: 1, min: 0, describe: 'seed of the bootstrap' },
  partial: { type: 'boolean', describe: 'score only the images that both files have' },
  allowEmpty: { type: 'boolean', describe: 'score empty captions as 0 instead of refusing them' },
});

/** One results file's scores, and those of its measures that were asked for. */
interface Run {
  scores: CaptionScores;
  measures: Measure[];
}

type Extras = Omit<ScoreInput, 'results' | 'references'>;

async function readExtras(values: {
  training: string | undefined;
  df: string;
  clipFeatures: string | undefined;
  spice: string | undefined;
}): Promise<{ shared: Extras; ofResults: Extras }> {
  if (values.df === 'training' && values.training === undefined) {
    throw new UsageError('--df training needs the training captions', { cure: 'give them after --training' });
  }
  const shared: Extras = {};
  if (values.training !== undefined) shared.training = (await readReferences(values.training)).captions;
  if (values.df === 'training') shared.documentFrequencies = 'training';
  else if (values.df !== 'references') shared.documentFrequencies = await readFrequencies(values.df);
  // Features and SPICE belong to one file's captions.
  const ofResults: Extras = { ...shared };
  if (values.clipFeatures !== undefined) ofResults.clipFeatures = await readFeatures(values.clipFeatures);
  if (values.spice !== undefined) ofResults.spice = await readSpiceFile(values.spice);
  return { shared, ofResults };
}

await runCommand({
  name: 'pnpm score',
  summary:
    'Scores generated captions (COCO results, {id: caption} JSON, samples.jsonl of a run) against references (COCO annotations, {id: [captions]} JSON, samples.jsonl; the last file). Several results files count as seeds of one setting: mean ± std.',
  flags,
  positionals: { name: 'file', describe: 'results.json [more-results.json …] references.json', min: 2 },
  async run({ values, positionals }) {
    const chosen = chooseMetrics(values.metrics);
    const { resamples, seed, partial, allowEmpty, compare } = values;
    const resultsPaths = positionals.slice(0, -1);
    const referencesPath = positionals[resultsPaths.length];
    checkTogether(values, resultsPaths);
    const { captions: references, domains } = await readReferences(referencesPath);
    const groupOf = (id: ImageId): string | undefined => domains.get(id);
    const { shared, ofResults } = await readExtras(values);
    const score = async (resultsPath: string, extras: Extras): Promise<Run> => {
      const paths = { resultsPath, referencesPath };
      const results = matchImages(await readResults(resultsPath), references, {
        ...paths,
        partial,
        allowEmpty,
      });
      const scores = scoreOrExplain({ results, references, groupOf, ...extras }, resultsPath);
      return { scores, measures: scores.measures.filter(({ name }) => chosen.has(name)) };
    };

    const runs: Run[] = [];
    for (const path of resultsPaths) runs.push(await score(path, ofResults));
    const [{ scores, measures }] = runs;
    console.log(`${resultsPaths.join(', ')}: ${describeImages(scores, references)}\n`);
    const bootstrap = { resamples, seed, level: 0.95 };
    let compared: Run | undefined;
    let comparison: MeasureComparison[] | undefined;
    let intervals: Interval[] | undefined;
    if (compare !== undefined) {
      compared = await score(compare, shared);
      refuseOtherImages(scores, compared.scores, compare);
      comparison = pairedBootstrap(measures, compared.measures, scores.images, bootstrap);
      console.log(`A  ${resultsPaths[0]}\nB  ${compare}\n\n${formatComparison(comparison)}\n`);
    } else if (runs.length > 1) {
      console.log(`${formatSeeds(runs.map((run) => run.measures))}\n`);
    } else {
      if (resamples > 0) intervals = bootstrapIntervals(measures, scores.images, bootstrap);
      if (measures.length > 0) console.log(`${formatMeasures(measures, intervals)}\n`);
    }
    if (domains.size > 0) {
      const labelled = compare === undefined ? runs : [runs[0], compared!];
      labelled.forEach((run, i) => {
        const label = compare === undefined ? `run ${i + 1}` : 'AB'[i];
        console.log(`${labelled.length > 1 ? `${label}\n` : ''}${formatGroups(run.scores, chosen)}\n`);
      });
    }
    if (chosen.has('statistics')) {
      runs.forEach((run, i) => {
        console.log(`${runs.length > 1 ? `run ${i + 1}\n` : ''}${formatStatistics(run.scores)}\n`);
      });
    }
    console.log(formatNotes(scores, { resamples: runs.length > 1 ? 0 : resamples, seed }));

    if (values.json === undefined) return;
    const path = resolve(values.json);
    const about = { results: resultsPaths, references: referencesPath, bootstrap, intervals };
    const report = scoreReport(runs, { ...about, ...(comparison && { compare, comparison }) });
    await writeFileAtomic(path, `${JSON.stringify(report, null, 1)}\n`);
    console.log(`written: ${path}`);
  },
});

/** Refuses flags that do not go together. */
function checkTogether(
  values: { resamples: number; compare?: string; clipFeatures?: string; spice?: string },
  resultsPaths: readonly string[],
): void {
  const { resamples, compare } = values;
  if (resamples === 1) throw new UsageError('--resamples must be 0 or at least 2, got 1');
  if (compare !== undefined && resamples === 0) {
    throw new UsageError('--compare needs resamples', { cure: 'leave --resamples out' });
  }
  if (resultsPaths.length > 1 && (compare ?? values.clipFeatures ?? values.spice) !== undefined) {
    throw new UsageError('--compare, --clip-features and --spice belong to one results file', {
      cure: 'leave them out, or give one results file and the references',
    });
  }
}

function scoreOrExplain(input: ScoreInput, path: string): CaptionScores {
  try {
    return scoreCaptions(input);
  } catch (error) {
    if (!(error instanceof CaptionScoreError) && !(error instanceof RangeError)) throw error;
    throw new CommandError(`${path}: ${error.message}`, {
      cure: 'do all files belong to the same images? --partial scores fewer',
    });
  }
}

function describeImages({ images }: CaptionScores, references: readonly ImageCaption[]): string {
  const all = new Set(references.map(({ image_id: id }) => id)).size;
  return images === all ? `${images} images` : `${images} of ${all} images (--partial)`;
}

/** With --partial the two files may hold different images; a paired test needs the same ones. */
function refuseOtherImages(a: CaptionScores, b: CaptionScores, path: string): void {
  const differs =
    a.images !== b.images || a.perImage.some(({ imageId }, i) => imageId !== b.perImage[i].imageId);
  if (!differs) return;
  throw new CommandError(
    `${path} holds other images than the first results file (${b.images} and ${a.images})`,
    {
      cure: 'a paired comparison needs captions of the same images in both',
    },
  );
}

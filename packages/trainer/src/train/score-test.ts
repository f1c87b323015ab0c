// Captions a split with a trained mapper and scores the captions.
import { scoreCaptions, type CaptionScores, type MeasureName } from '@foreword/caption-metrics';
import { ProgressBar } from '@foreword/cli-kit';
import { atItem, type Caption, type Captioner, type DecodeChoice } from '@foreword/prefix-mapper';
import { checkCaption } from '@foreword/scenes';
import type { Split } from '../data/dataset.ts';
import { featureOf, type FeatureSet } from '../features/feature-cache.ts';

/** One line of samples.jsonl. */
export interface Sample {
  image_id: number | string;
  picture: string;
  /** nocaps: in-domain, near-domain or out-domain. */
  domain?: string;
  caption: string;
  references: string[];
  finished: boolean;
  ciderD: number;
  /** Whether all colours and kinds it names are in the picture; undefined where the scene is not known. */
  namedRight?: boolean;
}

/** Of all pictures, or of those of one domain. */
export interface SplitScores {
  pictures: number;
  bleu: number[];
  rougeL: number;
  ciderD: number;
}

export interface TestScores extends SplitScores {
  /** By domain, where pictures have one (nocaps); CIDEr-D with the document frequencies of all of them. */
  domains?: Record<string, SplitScores>;
  /** Share of pictures whose caption names only colours and kinds that are there, and at least one. */
  namedRight?: number;
  uniqueCaptions: number;
  vocabularySize: number;
  meanLength: number;
  unfinishedRate: number | null;
}

const batch = 50;

export interface ScoreOptions {
  /** All training captions, for what is new in ours. */
  training: readonly string[];
  maxTokens: number;
  signal: AbortSignal;
  /** Default: greedy. */
  decode?: DecodeChoice;
  /** Which split it is, for the progress bar. Default: test. */
  split?: Split;
}

export async function scoreTest(
  captioner: Captioner,
  test: FeatureSet,
  { training, maxTokens, signal, decode = 'greedy', split = 'test' }: ScoreOptions,
): Promise<{
  scores: TestScores;
  samples: Sample[];
  captions: Pick<Caption, 'text' | 'ids' | 'isStopped'>[];
}> {
  const { examples } = test;
  const bar = new ProgressBar({ label: `caption ${split}`, total: examples.length, unit: 'picture' });
  const captions: Pick<Caption, 'text' | 'ids' | 'isStopped'>[] = [];
  for (let from = 0; from < examples.length; from += batch) {
    const part = examples.slice(from, from + batch).map((_, i) => featureOf(test, from + i));
    // Sampling goes on where the last part stopped.
    const options = { maxTokens, signal, decode: atItem(decode, from) };
    captions.push(...(await captioner.captionFeatures(part, options)));
    bar.update(captions.length);
  }
  bar.finish();
  const domainOf = new Map(examples.map(({ id, domain }) => [id, domain]));
  const all: CaptionScores = scoreCaptions({
    results: captions.map(({ text, isStopped }, i) => ({
      image_id: examples[i].id,
      caption: text,
      finished: isStopped,
    })),
    references: examples.flatMap(({ id, captions: own }) =>
      own.map((caption) => ({ image_id: id, caption })),
    ),
    training: [...training],
    groupOf: (id) => domainOf.get(id),
  });
  const samples = captions.map(({ text, isStopped }, i): Sample => {
    const { id, path, captions: references, scene, domain } = examples[i];
    const namedRight = scene && checkCaption(text, scene).correct;
    return {
      image_id: id,
      picture: path,
      domain,
      caption: text,
      references,
      finished: isStopped,
      ciderD: all.perImage[i].ciderD,
      namedRight,
    };
  });
  const judged = samples.filter((s) => s.namedRight !== undefined);
  const { statistics } = all;
  return {
    samples,
    captions,
    scores: {
      pictures: examples.length,
      bleu: [...all.bleu],
      rougeL: all.rougeL,
      ciderD: all.ciderD,
      domains: all.groups.length > 0 ? domainScores(all.groups) : undefined,
      namedRight: judged.length > 0 ? judged.filter((s) => s.namedRight).length / judged.length : undefined,
      uniqueCaptions: statistics.uniqueCaptions,
      vocabularySize: statistics.vocabularySize,
      meanLength: statistics.meanLength,
      unfinishedRate: statistics.unfinishedRate,
    },
  };
}

/** `count` pictures spread evenly over a set, or all of them where it has fewer. */
export function evenPart(set: FeatureSet, count: number): FeatureSet {
  const { examples, D } = set;
  const n = Math.min(count, examples.length);
  const chosen = Array.from({ length: n }, (_, i) => Math.floor((i * examples.length) / n));
  const features = new Float32Array(n * D);
  chosen.forEach((from, i) => features.set(featureOf(set, from), i * D));
  return { examples: chosen.map((i) => examples[i]), features, D, skipped: [] };
}

function domainScores(groups: CaptionScores['groups']): Record<string, SplitScores> {
  const of = ({ images, scores }: (typeof groups)[number]): SplitScores => {
    const value = (wanted: MeasureName): number => scores.find(({ name }) => name === wanted)!.value;
    return {
      pictures: images,
      bleu: [value('bleu-1'), value('bleu-2'), value('bleu-3'), value('bleu-4')],
      rougeL: value('rouge-l'),
      ciderD: value('cider-d'),
    };
  };
  return Object.fromEntries(groups.map((group) => [group.group, of(group)]));
}

// Captions a split with a trained mapper and scores the captions.
import { scoreCaptions, type CaptionScores, type MeasureName } from '@foreword/caption-metrics';
import { ProgressBar } from '@foreword/cli-kit';
import { atItem, type Captioner, type DecodeChoice } from '@foreword/prefix-mapper';
import { checkCaption } from '@foreword/scenes';
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

export async function scoreTest(
  captioner: Captioner,
  test: FeatureSet,
  {
    training,
    maxTokens,
    signal,
    decode = 'greedy',
  }: { training: readonly string[]; maxTokens: number; signal: AbortSignal; decode?: DecodeChoice },
): Promise<{ scores: TestScores; samples: Sample[] }> {
  const { examples } = test;
  const bar = new ProgressBar({ label: 'caption test', total: examples.length, unit: 'picture' });
  const captions: { text: string; isStopped: boolean }[] = [];
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

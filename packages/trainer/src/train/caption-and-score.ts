// What a trained mapper is judged by: captions and scores of the test split, of the training split, one caption explained.
import type { CaptionExplanation, Captioner } from '@foreword/prefix-mapper';
import { featureOf } from '../features/feature-cache.ts';
import type { Prepared } from './prepare.ts';
import { evenPart, scoreTest } from './score-test.ts';
import type { Settings } from './settings.ts';

type Scored = Pick<Awaited<ReturnType<typeof scoreTest>>, 'scores' | 'samples'>;

/** explained.json: the caption of one test picture, and what its prefix is near to and was looked at for. */
export interface ExplainedCaption extends CaptionExplanation {
  image_id: number | string;
  picture: string;
  caption: string;
}

export interface Judged {
  test: Scored;
  /** With `--score-train`. */
  train?: Scored;
  /** Of the first test picture; a deep prefix has no rows to explain. */
  explained?: ExplainedCaption;
}

export async function captionAndScore({
  captioner,
  sets,
  settings,
  maxTokens,
  signal,
}: {
  captioner: Captioner;
  sets: Prepared['sets'];
  settings: Pick<Settings, 'scoreTrain' | 'prefixKind'>;
  maxTokens: number;
  signal: AbortSignal;
}): Promise<Judged> {
  const training = sets.train.examples.flatMap(({ captions }) => captions);
  const options = { training, maxTokens, signal };
  const test = await scoreTest(captioner, sets.test, options);
  const train =
    settings.scoreTrain > 0
      ? await scoreTest(captioner, evenPart(sets.train, settings.scoreTrain), { ...options, split: 'train' })
      : undefined;
  if (settings.prefixKind === 'deep') return { test, train };
  const [{ image_id, picture, caption }] = test.samples;
  const explanation = await captioner.explain(featureOf(sets.test, 0), test.captions[0].ids, { nearest: 3 });
  return { test, train, explained: { image_id, picture, caption, ...explanation } };
}

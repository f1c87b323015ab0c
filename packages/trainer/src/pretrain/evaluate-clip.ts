// What a CLIP can do on a split: retrieval of captions by pictures, and zero-shot colours and kinds.
import { ImageEncoder, PromptEncoder, zeroShot, type Clip } from '@foreword/clip';
import { colourNames, kindNames } from '@foreword/scenes';
import { clipTokenize, type Tokenizer } from '@foreword/tokenizer';
import { decodePictures } from '../data/decode-pictures.ts';
import type { Example } from '../data/dataset.ts';
import { pairAccuracy } from './pair-loss.ts';
import { dot, unit } from './vectors.ts';

export interface ClipScores {
  /** Share of pictures whose own first caption is among the nearest 1 (5) of all first captions. */
  recallAt1: number;
  recallAt5: number;
  /** Zero-shot accuracy on pictures with one group of objects; undefined where scenes are not known. */
  colourAccuracy?: number;
  kindAccuracy?: number;
  /** Pictures all of whose pairs are found (pair-loss.ts), by the number of groups (index 0: one group). */
  pairAccuracy?: number[];
  pictures: number;
  singleGroupPictures: number;
}

export async function evaluateClip(
  clip: Clip,
  tokenizer: Tokenizer,
  examples: readonly Example[],
  signal: AbortSignal,
): Promise<ClipScores> {
  const { contextLength } = clip.config.text;
  const pixels: Float32Array[] = [];
  const { used } = await decodePictures(
    examples,
    { size: clip.config.vision.imageSize, label: 'decode val', signal },
    (p) => void pixels.push(p),
  );
  const tokenize = (texts: readonly string[]): Int32Array =>
    clipTokenize(tokenizer, [...texts], { contextLength, truncate: true });
  const images = await ImageEncoder.create(clip, { batch: 64 });
  const prompts = new PromptEncoder(clip, { batch: 64 });
  const raw = await images.encode(pixels);
  const features = raw.map(unit);
  const captions = (await prompts.encode(tokenize(used.map((i) => examples[i].captions[0])))).map(unit);
  const ranks = features.map((image, i) => {
    const own = dot(image, captions[i]);
    return captions.filter((text, j) => j !== i && dot(image, text) > own).length;
  });
  const single = used.flatMap((i, at) => (examples[i].scene?.groups.length === 1 ? [at] : []));
  const accuracy = async (
    labels: readonly string[],
    templates: string[],
    truth: (e: Example) => string,
  ): Promise<number> => {
    const classify = await zeroShot(prompts, { labels, templates, tokenize });
    const found = classify(single.map((at) => features[at]));
    return found.filter(({ label }, i) => label === truth(examples[used[single[i]]])).length / single.length;
  };
  const scenes = used.flatMap((i) => examples[i].scene ?? []);
  const scores: ClipScores = {
    recallAt1: ranks.filter((r) => r < 1).length / ranks.length,
    recallAt5: ranks.filter((r) => r < 5).length / ranks.length,
    pictures: used.length,
    singleGroupPictures: single.length,
  };
  if (scenes.length === used.length) scores.pairAccuracy = pairAccuracy(raw, scenes);
  if (single.length > 0) {
    scores.colourAccuracy = await accuracy(
      colourNames,
      kindNames.map((kind) => `A {} ${kind}.`),
      (e) => e.scene!.groups[0].colour,
    );
    scores.kindAccuracy = await accuracy(
      kindNames,
      colourNames.map((colour) => `A ${colour} {}.`),
      (e) => e.scene!.groups[0].kind,
    );
  }
  images.dispose();
  await prompts.dispose();
  return scores;
}

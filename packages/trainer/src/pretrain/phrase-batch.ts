// The second task of the tiny CLIP: a phrase of a caption, such as "two small violet crescents", against the pictures.
//
// Whole captions are told apart as bags of words, and teach little about which colour belongs to which kind. Phrases
// say it of one group at a time, so that a feature has to hold each pair by itself. Sub-captions as further texts:
// Zheng et al. 2024, "DreamLIP"; corrupted ones beside them: Yuksekgonul et al. 2023 (NegCLIP). A phrase fits
// other pictures of the batch too, which the scenes tell; those do not count as wrong.
//
// Legend: B pictures per batch.
import {
  checkCaption,
  corruptCaption,
  createRandom,
  nounPhrases,
  type ColourKindPair,
} from '@foreword/scenes';
import type { Example } from '../data/dataset.ts';

export interface PhraseBatch {
  /** B phrases, one of each picture, then B that are wrong of that picture. */
  texts: string[];
  /** [B, 2 B]: 1 where a text fits a picture without being its own. */
  alsoFits: Float32Array<ArrayBuffer>;
}

/** One phrase per picture and a wrong twin of each, the same for the same seed. */
export function phraseBatch(examples: readonly Example[], seed: number): PhraseBatch {
  const B = examples.length;
  const random = createRandom(seed);
  const phrases = examples.map(({ captions }) => {
    const found = captions.flatMap(nounPhrases);
    return random.pick(found.length > 0 ? found : captions);
  });
  const wrong = examples.map(({ scene }, i) => (scene && corruptCaption(phrases[i], scene, random)) ?? '');
  const texts = [...phrases, ...wrong];
  const pairs = texts.map((text, j) => pairsOf(text, examples[j % B]));
  const alsoFits = new Float32Array(B * 2 * B);
  for (let i = 0; i < B; i++) {
    pairs.forEach((own, j) => {
      if (j !== i && isTrue(own, examples[i])) alsoFits[i * 2 * B + j] = 1;
    });
  }
  return { texts, alsoFits };
}

const pairsOf = (text: string, { scene }: Example): readonly ColourKindPair[] =>
  scene ? checkCaption(text, scene).pairs : [];

const isTrue = (pairs: readonly ColourKindPair[], { scene }: Example): boolean =>
  scene !== undefined &&
  pairs.length > 0 &&
  pairs.every(({ colour, kind }) => scene.groups.some((g) => g.colour === colour && g.kind === kind));

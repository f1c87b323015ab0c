// How far a GPT-2 heeds what stands before: no prefix can steer it further than its own context does.
//
// Legend: N pictures, P tokens of a caption with its end tokens, d GPT-2's width.
import { Gpt2Generator, type Gpt2 } from '@foreword/gpt2';
import { checkCaption } from '@foreword/scenes';
import { compile, noGrad, tensor } from '@foreword/tensor/node';
import type { Tokenizer } from '@foreword/tokenizer';
import type { Example } from '../data/dataset.ts';
import { seededRandom } from '../data/random.ts';
import { makeRows, padding, rowInputs, rowLength } from './caption-rows.ts';
import { captionParts, countWords, fillSlots, sumWords } from './word-slots.ts';

export interface CaptionPerplexity {
  /** Per token of a caption with nothing before it. */
  alone: number;
  /** Per token of a caption behind another one of the same picture. */
  afterAnother: number;
}

/** Perplexity on the captions of other pictures, with and without a caption to go by: what steers the model at all. */
export async function perplexity(
  gpt2: Gpt2,
  tokenizer: Tokenizer,
  examples: readonly Example[],
): Promise<CaptionPerplexity> {
  const B = 20;
  const end = tokenizer.vocabSize - 1;
  const pictures = examples.map((e) => e.captions.slice(0, 2).map((caption) => tokenizer.encode(caption)));
  const plan = await compile(gpt2.device, rowInputs(B), (input) =>
    noGrad(gpt2.device, () => ({
      loss: gpt2.loss(gpt2.embed(input.ids), input.targets, { ignoreIndex: padding }),
    })),
  );
  const total = { first: 0, second: 0 };
  const count = { first: 0, second: 0 };
  for (let from = 0; from + B <= pictures.length; from += B) {
    const part = pictures.slice(from, from + B);
    for (const which of ['first', 'second'] as const) {
      const { ids, targets } = makeRows(part, end);
      let tokens = 0;
      for (let i = 0; i < targets.length; i++) {
        // The first caption and its end token are the first targets of a row.
        const isFirst = i % rowLength <= part[Math.floor(i / rowLength)][0].length;
        if (isFirst !== (which === 'first')) targets[i] = padding;
        if (targets[i] !== padding) tokens++;
      }
      total[which] += tokens * (await plan.run({ ids, targets }).loss.item());
      count[which] += tokens;
    }
  }
  plan.dispose();
  return { alone: Math.exp(total.first / count.first), afterAnother: Math.exp(total.second / count.second) };
}

/** Pictures at a time. */
const batch = 50;

/** Tokens a caption may have, with its stop token. */
const mostTokens = 32;

/**
 * Share of pictures of which it says nothing wrong behind the words of a true caption, the picture's longest, in P
 * slots (word-slots.ts), by the number of groups in the picture (index 0: one group). Greedy; colours and kinds are
 * judged.
 */
export async function restatedRightly(
  gpt2: Gpt2,
  tokenizer: Tokenizer,
  { examples, P }: { examples: readonly Example[]; P: number },
): Promise<number[]> {
  const { vocab_size: V, eos_token_id: end } = gpt2.config;
  const stop = [...tokenizer.encode('.'), end];
  const generator = new Gpt2Generator(gpt2);
  const right: number[] = [];
  const all: number[] = [];
  const judged = examples.filter(({ scene }) => scene);
  for (let from = 0; from < judged.length; from += batch) {
    const part = judged.slice(from, from + batch);
    const words = part.map(({ captions }, i) => {
      const longest = captions.reduce((a, b) => (b.length > a.length ? b : a));
      return fillSlots(captionParts(longest, tokenizer), P, seededRandom(from + i));
    });
    const counts = tensor(gpt2.device, countWords(words, V), [part.length * P, V]);
    const prefix = noGrad(gpt2.device, () => sumWords(gpt2, counts, P));
    const generations = await generator.generate({ prefix, stop, maxTokens: mostTokens });
    generations.forEach((generation, i) => {
      const { scene } = part[i];
      const text = tokenizer.decode(generation.ids.filter((id) => id !== end));
      const at = scene!.groups.length - 1;
      all[at] = (all[at] ?? 0) + 1;
      right[at] = (right[at] ?? 0) + (checkCaption(text, scene!).correct ? 1 : 0);
    });
    for (const t of [counts, prefix]) t.dispose();
  }
  generator.dispose();
  return right.map((n, i) => n / all[i]);
}

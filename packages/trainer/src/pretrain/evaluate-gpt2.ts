// How far a GPT-2 heeds what stands before: no prefix can steer it further than its own context does.
//
// Legend: N pictures, P tokens of a caption with its end tokens, d GPT-2's width.
import { Gpt2Generator, type Gpt2 } from '@foreword/gpt2';
import { checkCaption } from '@foreword/scenes';
import { compile, noGrad, tensor } from '@foreword/tensor/node';
import type { Tokenizer } from '@foreword/tokenizer';
import type { Example } from '../data/dataset.ts';
import { makeRows, padding, rowInputs, rowLength } from './caption-rows.ts';

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

/** Tokens a caption may have, with its stop token. */
const mostTokens = 32;

/**
 * Share of pictures of which it says nothing wrong behind a true caption, the longest of the picture's, and an end
 * token, by the number of groups in the picture (index 0: one group). Greedy; colours and kinds are judged.
 */
export async function restatedRightly(
  gpt2: Gpt2,
  tokenizer: Tokenizer,
  examples: readonly Example[],
): Promise<number[]> {
  const end = gpt2.config.eos_token_id;
  const stop = [...tokenizer.encode('.'), end];
  const byLength = new Map<number, { example: Example; ids: number[] }[]>();
  for (const example of examples) {
    const told = example.captions.map((caption) => tokenizer.encode(caption));
    const longest = told.reduce((a, b) => (b.length > a.length ? b : a));
    const ids = [end, ...longest, end];
    if (!example.scene || ids.length + mostTokens > gpt2.config.n_positions) continue;
    byLength.set(ids.length, [...(byLength.get(ids.length) ?? []), { example, ids }]);
  }
  const right: number[] = [];
  const all: number[] = [];
  const generator = new Gpt2Generator(gpt2);
  for (const [P, part] of byLength) {
    const ids = tensor(
      gpt2.device,
      part.flatMap((p) => p.ids),
      [part.length, P],
      { dtype: 'i32' },
    );
    const prefix = noGrad(gpt2.device, () => gpt2.embed(ids)); // [N, P, d]
    const generations = await generator.generate({ prefix, stop, maxTokens: mostTokens });
    generations.forEach((generation, i) => {
      const { scene } = part[i].example;
      const text = tokenizer.decode(generation.ids.filter((id) => id !== end));
      const at = scene!.groups.length - 1;
      all[at] = (all[at] ?? 0) + 1;
      right[at] = (right[at] ?? 0) + (checkCaption(text, scene!).correct ? 1 : 0);
    });
    for (const t of [ids, prefix]) t.dispose();
  }
  generator.dispose();
  return right.map((n, i) => n / all[i]);
}

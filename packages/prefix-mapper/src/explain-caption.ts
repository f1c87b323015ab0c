// Reading a prefix: which tokens its rows lie next to, and which rows each word of the caption looked at.
//
// Legend: P prefix rows, d GPT-2's width, V vocabulary, N tokens of the caption, T = P + N.
import { meanAttention, type Gpt2 } from '@foreword/gpt2';
import { cast, concat, l2Normalize, matmul, noGrad, tensor, topK, type Tensor } from '@foreword/tensor';
import type { Tokenizer } from '@foreword/tokenizer';

export interface NearToken {
  id: number;
  /** As GPT-2 has it: most words begin with a space. */
  token: string;
  /** Cosine of the prefix row and the token's embedding. */
  cosine: number;
}

export interface ExplainedWord {
  word: string;
  /** Share of the attention that went to each prefix row; the rest went to the words before. */
  attention: number[];
}

export interface CaptionExplanation {
  /** Of each prefix row, the nearest tokens of the vocabulary, nearest first. */
  nearest: NearToken[][];
  words: ExplainedWord[];
}

export interface ExplainOptions {
  /** Tokens told per prefix row. Default 5. */
  nearest?: number;
}

/**
 * Explains a caption that was written behind a prefix [1, P, d]. Attention is the mean over all layers and heads of
 * the position that wrote the token, and over the tokens of a word; for the first token that position is the last prefix
 * row itself. Attention tells where a model looked, not why it wrote what it wrote.
 */
export async function explainCaption(
  { gpt2, tokenizer }: { gpt2: Gpt2; tokenizer: Pick<Tokenizer, 'decode'> },
  prefix: Tensor,
  ids: readonly number[],
  { nearest = 5 }: ExplainOptions = {},
): Promise<CaptionExplanation> {
  const P = prefix.dim(1);
  const { device } = gpt2;
  return await device.scope(async () => {
    const tokens = await nearestTokens(gpt2, prefix, Math.min(nearest, gpt2.config.vocab_size));
    const words = wordsOf(ids, (id) => tokenizer.decode([id]));
    if (ids.length === 0) return { nearest: tokens.map(named), words: [] };
    const sequence = noGrad(device, () =>
      // The last token was written but not read.
      ids.length === 1
        ? prefix
        : concat(
            [prefix, gpt2.embed(tensor(device, ids.slice(0, -1), [1, ids.length - 1], { dtype: 'u32' }))],
            { axis: 1 },
          ),
    );
    const T = sequence.dim(1);
    const weights = await meanAttention(gpt2, sequence); // [T, T]
    const explained = words.map(({ from, count }): ExplainedWord => ({
      word: tokenizer.decode(ids.slice(from, from + count)).trim(),
      attention: Array.from({ length: P }, (_, slot) => {
        let sum = 0;
        for (let i = from; i < from + count; i++) sum += weights[(P - 1 + i) * T + slot];
        return sum / count;
      }),
    }));
    return { nearest: tokens.map(named), words: explained };
  });

  function named(row: { id: number; cosine: number }[]): NearToken[] {
    return row.map(({ id, cosine }) => ({ id, token: tokenizer.decode([id]), cosine }));
  }
}

/** For each prefix row the `count` tokens whose embeddings have the largest cosine with it. */
async function nearestTokens(
  gpt2: Gpt2,
  prefix: Tensor,
  count: number,
): Promise<{ id: number; cosine: number }[][]> {
  const { device, tokenTable } = gpt2;
  const [, P, d] = prefix.shape;
  const [values, indices] = noGrad(device, () => {
    const table = tokenTable.dtype === 'f32' ? tokenTable : cast(tokenTable, 'f32');
    const cosines = matmul(l2Normalize(prefix.reshape([P, d])), l2Normalize(table), { transB: true }); // [P, V]
    return topK(cosines, count);
  });
  const [cosines, ids] = [await values.read(), await indices.read()];
  return Array.from({ length: P }, (_, row) =>
    Array.from({ length: count }, (_unused, i) => ({
      id: ids[row * count + i],
      cosine: cosines[row * count + i],
    })),
  );
}

/** Where words begin: at a token that begins with a space, and at punctuation. */
function wordsOf(ids: readonly number[], textOf: (id: number) => string): { from: number; count: number }[] {
  const words: { from: number; count: number }[] = [];
  ids.forEach((id, i) => {
    const text = textOf(id);
    if (i === 0 || /^\s|^\p{P}+$|^<\|/u.test(text)) words.push({ from: i, count: 1 });
    else words[words.length - 1].count++;
  });
  return words;
}

// Where GPT-2 looks: attention weights, averaged over layers and heads. For reading a model, not for running it.
//
// Legend: T time, C channels, H heads.
import { attention, noGrad, ShapeError, type Tensor } from '@foreword/tensor';
import type { Gpt2 } from './gpt2.ts';

/**
 * Attention weights of a sequence of input embeddings [1, T, C] (without positions), mean over all layers and heads:
 * [T, T], row-major. Row t, column s: how much position t draws from position s; each row sums to 1.
 * @throws ShapeError when the embeddings are no single sequence of the model's width.
 */
export async function meanAttention(model: Gpt2, embeddings: Tensor): Promise<Float64Array> {
  const { n_embd: C, n_head: heads, n_layer } = model.config;
  const [B, T] = embeddings.shape;
  if (embeddings.rank !== 3 || B !== 1 || embeddings.dim(2) !== C) {
    throw new ShapeError(`Gpt2: embeddings [${embeddings.shape.join(', ')}] are no [1, T, ${C}]`);
  }
  const { device } = model;
  const total = new Float64Array(T * T);
  await device.scope(async () => {
    const packed: Tensor[] = [];
    noGrad(device, () =>
      model.blocks(model.addPositions(embeddings), (qkv) => {
        packed.push(qkv);
        return attention([qkv], { heads, causal: true });
      }),
    );
    for (const qkv of packed) addWeights(total, await qkv.read(), { T, C, heads });
  });
  return total.map((weight) => weight / (n_layer * heads));
}

/** Adds the causal weights softmax(q·k / √(C/H)) of every head of packed queries, keys and values [T, 3C]. */
function addWeights(
  total: Float64Array,
  qkv: ArrayLike<number>,
  { T, C, heads }: { T: number; C: number; heads: number },
): void {
  const size = C / heads;
  for (let head = 0; head < heads; head++) {
    for (let t = 0; t < T; t++) {
      const query = t * 3 * C + head * size;
      const scores = Float64Array.from({ length: t + 1 }, (_, s) => {
        const key = s * 3 * C + C + head * size;
        let score = 0;
        for (let i = 0; i < size; i++) score += qkv[query + i] * qkv[key + i];
        return score / Math.sqrt(size);
      });
      const largest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - largest));
      const sum = weights.reduce((a, b) => a + b, 0);
      weights.forEach((weight, s) => (total[t * T + s] += weight / sum));
    }
  }
}

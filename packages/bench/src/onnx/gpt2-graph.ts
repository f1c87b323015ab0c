// GPT-2 124M with a key-value cache as an ONNX graph over the weights of a safetensors file with Hugging Face's names.
//
// Legend: S new tokens, K past tokens, C channels, H heads, D = C/H, V vocabulary.
import { attentionNodes } from './attention-nodes.ts';
import { OnnxGraph, type StoredWeight } from './onnx-graph.ts';
import type { OnnxChoices } from './op-graph.ts';

export const gpt2Sizes = { C: 768, layers: 12, heads: 12, V: 50_257 } as const;

/**
 * Inputs `ids` [1, S], `positions` [S], `bias` [1, 1, S, K + S] (0, or −1e9 where a query must not look) and per layer
 * `past_key_i`, `past_value_i` [1, H, K, D]; outputs `logits` [1, V] after the last token and `key_i`, `value_i`
 * [1, H, K + S, D]. S and K vary from run to run.
 */
export function gpt2Graph(
  weights: ReadonlyMap<string, StoredWeight>,
  location: string,
  { fused }: OnnxChoices,
): Uint8Array {
  const { C, layers, heads: H, V } = gpt2Sizes;
  const D = C / H;
  const graph = new OnnxGraph();
  const w = (name: string): string => {
    const weight = weights.get(name);
    if (!weight) throw new Error(`gpt2Graph: there is no ${name} in ${location}`);
    return graph.stored(name, weight, location);
  };
  const reshape = (x: string, ...shape: number[]): string =>
    graph.node('Reshape', [x, graph.integers(...shape)]);
  const norm = (x: string, name: string): string =>
    graph.node('LayerNormalization', [x, w(`${name}.weight`), w(`${name}.bias`)], {
      attributes: { epsilon: { float: 1e-5 } },
    });
  /** x [S, inputs] by a weight stored [inputs, outputs]. */
  const linear = (x: string, name: string): string =>
    graph.node('Gemm', [x, w(`${name}.weight`), w(`${name}.bias`)]);

  const ids = graph.input('ids', [1, 'S'], 'i64');
  const positions = graph.input('positions', ['S'], 'i64');
  const bias = graph.input('bias', [1, 1, 'S', 'K + S']);
  const embedded = graph.node('Gather', [w('wte.weight'), reshape(ids, -1)]);
  let x = graph.node('Add', [embedded, graph.node('Gather', [w('wpe.weight'), positions])]); // [S, C]
  for (let i = 0; i < layers; i++) {
    const pastKey = graph.input(`past_key_${i}`, [1, H, 'K', D]);
    const pastValue = graph.input(`past_value_${i}`, [1, H, 'K', D]);
    const qkv = reshape(linear(norm(x, `h.${i}.ln_1`), `h.${i}.attn.c_attn`), 1, -1, 3 * C);
    const split = graph.node('Split', [qkv, graph.integers(C, C, C)], {
      attributes: { axis: 2 },
      outputs: 3,
    });
    const { mixed, key, value } = attentionNodes(graph, [split, `${split}:1`, `${split}:2`], {
      B: 1,
      H,
      D,
      bias,
      past: { key: pastKey, value: pastValue },
      fused,
    });
    graph.named(key, `key_${i}`);
    graph.named(value, `value_${i}`);
    for (const name of [`key_${i}`, `value_${i}`]) graph.output(name, [1, H, 'K + S', D]);
    x = graph.node('Add', [x, linear(reshape(mixed, -1, C), `h.${i}.attn.c_proj`)]);
    const inner = linear(norm(x, `h.${i}.ln_2`), `h.${i}.mlp.c_fc`);
    // GELU by tanh, as GPT-2 has it.
    const activated = graph.node('FastGelu', [inner], { domain: 'com.microsoft' });
    x = graph.node('Add', [x, linear(activated, `h.${i}.mlp.c_proj`)]);
  }
  // Normalisation goes row by row, so the last row is enough for the next token.
  const last = graph.node('Slice', [x, graph.integers(-1), graph.integers(2 ** 31), graph.integers(0)]);
  const logits = graph.node('Gemm', [norm(last, 'ln_f'), w('wte.weight')], { attributes: { transB: 1 } });
  graph.named(logits, 'logits');
  graph.output('logits', [1, V]);
  return graph.toBytes();
}
